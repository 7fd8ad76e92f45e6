"""An index of the papers' words, which triggers keep up to date."""

# ruff: noqa: S608 - all that is put into these statements stands in this file

from alembic import op

revision = "0005"
down_revision = "0004"

INDEX = """
CREATE VIRTUAL TABLE paper_search USING fts5(
    title, authors, categories, abstract, content='',
    tokenize='porter unicode61 remove_diacritics 2')
"""
CHANGED = " OR ".join(
    f"old.{name} IS NOT new.{name}" for name in ("title", "authors", "categories", "abstract")
)


def _row(which: str) -> str:
    """The values of a row of the index; to take one out, FTS5 needs what was put in."""
    lists = (
        f"(SELECT group_concat(value, ' ') FROM json_each({which}.{name}))"
        for name in ("authors", "categories")
    )
    return f"{which}.id, {which}.title, {', '.join(lists)}, {which}.abstract"


NAMES = "rowid, title, authors, categories, abstract"
TAKE_OUT = f"INSERT INTO paper_search(paper_search, {NAMES}) VALUES ('delete', {_row('old')});"
PUT_IN = f"INSERT INTO paper_search({NAMES}) VALUES ({_row('new')});"

WORDS = r"""
CREATE FUNCTION paper_words(title text, authors json, categories json, abstract text)
RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
    SELECT setweight(to_tsvector('english', paper_letters(title)), 'A')
        || setweight(to_tsvector('simple', paper_letters(array_to_string(
            ARRAY(SELECT json_array_elements_text(authors)), ' '))), 'B')
        || setweight(to_tsvector('simple', paper_letters(array_to_string(
            ARRAY(SELECT json_array_elements_text(categories)), ' '))), 'C')
        || setweight(to_tsvector('english', paper_letters(abstract)), 'D')
$$
"""
LETTERS = r"""
CREATE FUNCTION paper_letters(said text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT regexp_replace(regexp_replace(normalize(lower(said), NFKD), '[\u0300-\u036f]', '', 'g'),
        '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf]+', ' ', 'g')
$$
"""
KEEP = """
CREATE FUNCTION paper_search_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO paper_search(paper, words)
        VALUES (new.id, paper_words(new.title, new.authors, new.categories, new.abstract))
        ON CONFLICT (paper) DO UPDATE SET words = excluded.words;
    RETURN NULL;
END $$
"""
CHANGED_TEXT = " OR ".join(
    f"old.{name}::text IS DISTINCT FROM new.{name}::text"
    for name in ("title", "authors", "categories", "abstract")
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _sqlite() -> None:
    op.execute(INDEX)
    op.execute(f"INSERT INTO paper_search({NAMES}) SELECT {_row('papers')} FROM papers")
    for name, when, does in (
        ("added", "AFTER INSERT ON papers", PUT_IN),
        ("changed", f"AFTER UPDATE ON papers WHEN {CHANGED}", TAKE_OUT + PUT_IN),
        ("removed", "AFTER DELETE ON papers", TAKE_OUT),
    ):
        op.execute(f"CREATE TRIGGER paper_search_{name} {when} BEGIN {does} END")


def _postgresql() -> None:
    op.execute(
        "CREATE TABLE paper_search (paper integer PRIMARY KEY REFERENCES papers "
        "ON DELETE CASCADE, words tsvector NOT NULL)"
    )
    for function in (LETTERS, WORDS, KEEP):
        op.execute(function)
    op.execute(
        "INSERT INTO paper_search SELECT id, paper_words(title, authors, categories, abstract) "
        "FROM papers"
    )
    op.execute("CREATE INDEX paper_search_words ON paper_search USING gin (words)")
    for name, when in (
        ("added", "AFTER INSERT ON papers FOR EACH ROW"),
        ("changed", f"AFTER UPDATE ON papers FOR EACH ROW WHEN ({CHANGED_TEXT})"),
    ):
        op.execute(
            f"CREATE TRIGGER paper_search_{name} {when} EXECUTE FUNCTION paper_search_keep()"
        )


def downgrade() -> None:
    raise RuntimeError("restore the backup that was made before the upgrade")
