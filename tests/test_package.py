"""The built wheel works in an empty environment, templates and sample included."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_templates_configuration_and_sample(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = [*ROOT.glob("templates/**/*.j2"), *ROOT.glob("config/**/*.*")]
    assert len(shipped) >= 8
    assert {f"digest/{path.relative_to(ROOT).as_posix()}" for path in shipped} <= names


def test_the_installed_wheel_runs_the_demonstration(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    # The libraries come from this environment, so that the test needs no network; digest itself
    # is unpacked from the wheel, and nothing of the checkout is on the path.
    site = home / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    zipfile.ZipFile(wheel).extractall(site)
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if "digest" not in entry.name and entry.suffix != ".pth":
            (libraries / entry.name).symlink_to(entry)
    (site / "libraries.pth").write_text(str(libraries))
    run = [str(python), "-c", "from digest.cli import main; main()"]
    ran = subprocess.run([*run, "demo"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert len(list((tmp_path / "demo" / "mails").glob("*.eml"))) == 3
    where = subprocess.run(
        [str(python), "-c", "import digest; print(digest.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(site))
