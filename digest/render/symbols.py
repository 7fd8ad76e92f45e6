"""What LaTeX's commands stand for: letters, signs, accents, and which take an argument."""

from __future__ import annotations

_CAPITALS = "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
_SMALL = """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho
    sigma tau upsilon phi chi psi omega"""

GREEK: dict[str, str] = {
    **dict(zip(_CAPITALS.split(), "ΓΔΘΛΞΠΣΥΦΨΩ", strict=True)),
    **dict(zip(_SMALL.split(), "αβγδεζηθικλμνξοπρστυφχψω", strict=True)),
    "varepsilon": "ε", "vartheta": "θ", "varphi": "φ", "varrho": "ρ", "varsigma": "ς", "varpi": "π",
}  # fmt: skip

RELATIONS: dict[str, str] = {
    "le": "≤", "leq": "≤", "leqslant": "≤", "ge": "≥", "geq": "≥", "geqslant": "≥", "ne": "≠",
    "neq": "≠", "approx": "≈", "equiv": "≡", "sim": "~", "simeq": "≃", "cong": "≅", "propto": "∝",
    "ll": "≪", "gg": "≫", "lesssim": "≲", "gtrsim": "≳", "prec": "≺", "succ": "≻", "preceq": "⪯",
    "succeq": "⪰", "in": "∈", "notin": "∉", "ni": "∋", "subset": "⊂", "subseteq": "⊆",
    "supset": "⊃", "supseteq": "⊇", "to": "→", "rightarrow": "→", "longrightarrow": "→",
    "leftarrow": "←", "gets": "←", "longleftarrow": "←", "leftrightarrow": "↔", "mapsto": "↦",
    "Rightarrow": "⇒", "Longrightarrow": "⇒", "implies": "⇒", "Leftarrow": "⇐", "iff": "⇔",
    "Leftrightarrow": "⇔", "xrightarrow": "→", "uparrow": "↑", "downarrow": "↓", "nearrow": "↗",
    "searrow": "↘", "rightharpoonup": "⇀", "rightleftharpoons": "⇌", "mid": "|", "parallel": "∥",
    "perp": "⊥", "vdash": "⊢", "models": "⊨", "triangleq": "≜", "coloneqq": "≔", "doteq": "≐",
    "asymp": "≍", "pm": "±", "mp": "∓", "cup": "∪", "cap": "∩", "setminus": "∖", "oplus": "⊕",
    "otimes": "⊗", "odot": "⊙", "wedge": "∧", "land": "∧", "vee": "∨", "lor": "∨", "circ": "∘",
}  # fmt: skip
"""Signs between two operands, written with a space on either side."""

SIGNS: dict[str, str] = {
    "times": "×", "cdot": "·", "div": "÷", "ast": "*", "star": "⋆", "bullet": "•", "bigstar": "★",
    "infty": "∞", "partial": "∂", "nabla": "∇", "forall": "∀", "exists": "∃", "emptyset": "∅",
    "varnothing": "∅", "neg": "¬", "lnot": "¬", "ell": "ℓ", "hbar": "ℏ", "Re": "ℜ", "Im": "ℑ",
    "aleph": "ℵ", "sum": "∑", "prod": "∏", "int": "∫", "oint": "∮", "bigcup": "⋃", "bigcap": "⋂",
    "bigoplus": "⨁", "bigotimes": "⨂", "ldots": "…", "dots": "…", "cdots": "…", "dotsc": "…",
    "vdots": "⋮", "prime": "′", "degree": "°", "dagger": "†", "dag": "†", "ddagger": "‡",
    "top": "⊤", "bot": "⊥", "angle": "∠", "triangle": "△", "square": "□", "Box": "□",
    "diamond": "⋄",
    "checkmark": "✓", "cmark": "✓", "xmark": "✗", "langle": "⟨", "rangle": "⟩", "lfloor": "⌊",
    "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "lvert": "|", "rvert": "|", "vert": "|", "Vert": "‖",
    "lVert": "‖", "rVert": "‖", "lbrace": "{", "rbrace": "}", "lbrack": "[", "rbrack": "]",
    "colon": ":", "flat": "♭", "sharp": "♯", "natural": "♮", "heartsuit": "♥", "imath": "ı",
    "jmath": "ȷ", "copyright": "©", "textregistered": "®", "texttrademark": "™", "pounds": "£",
    "euro": "€", "texteuro": "€", "textdegree": "°", "S": "§", "textbullet": "•", "textless": "<",
    "textgreater": ">", "textbar": "|", "textendash": "–", "textemdash": "—", "textpm": "±",
    "texttimes": "×", "textmu": "µ", "textquoteleft": "‘", "textquoteright": "’",
    "textquotedblleft": "“", "textquotedblright": "”", "textasciitilde": "~", "LaTeX": "LaTeX",
    "TeX": "TeX", "textellipsis": "…",
}  # fmt: skip

LETTERS: dict[str, str] = {
    "ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ",
    "aa": "å", "AA": "Å", "i": "ı", "j": "ȷ",
}  # fmt: skip

ACCENTS: dict[str, str] = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306",
    ".": "\u0307", '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323",
    "c": "\u0327", "k": "\u0328",
}  # fmt: skip
"""Combining marks of the accents of text."""

HATS: dict[str, str] = {
    "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303",
    "bar": "\u0304", "overline": "\u0304", "dot": "\u0307", "ddot": "\u0308", "check": "\u030c",
    "breve": "\u0306", "vec": "\u20d7",
}  # fmt: skip
"""Combining marks of the accents of mathematics."""

NAMED = frozenset(
    """log ln lg exp sin cos tan cot sinh cosh tanh arcsin arccos arctan max min sup inf lim limsup
    liminf arg argmax argmin det dim ker deg gcd rank Pr tr diag sgn poly polylog softmax mod
    bmod""".split()  # noqa: SIM905
)
"""Functions, which keep their name and a space from what stands beside them."""

WORDING = frozenset(
    """text textbf textit texttt textsc textsf textrm textsl textmd textup textnormal mbox hbox
    emph underline uline enquote textsuperscript textsubscript""".split()  # noqa: SIM905
)
"""Commands that only dress the words of their argument."""

DRESS = frozenset(
    """mathcal mathbf mathrm mathsf mathtt mathit mathfrak mathscr mathnormal boldsymbol bm pmb
    operatorname mathop mathrel mathbin mathord underbrace overbrace boxed ensuremath""".split()  # noqa: SIM905
)
"""Commands that only dress the formula of their argument."""

SWITCHES = frozenset(
    """it em bf rm tt sc sf sl cal itshape bfseries rmfamily ttfamily scshape tiny scriptsize
    footnotesize small normalsize large Large LARGE huge noindent par newline linebreak centering
    displaystyle textstyle scriptstyle limits nolimits left right middle big Big bigg Bigg bigl
    bigr Bigl Bigr biggl biggr Biggl Biggr xspace protect bfit romannumeral smallskip medskip
    bigskip""".split()  # noqa: SIM905
)
"""Commands of which nothing is seen."""

SILENT = frozenset(
    """label tag vspace hspace color begin end phantom vphantom hphantom thanks""".split()  # noqa: SIM905
)
"""Commands of which nothing is seen, nor of their argument."""

SPACES: dict[str, str] = {
    ",": " ", ";": " ", ":": " ", " ": " ", "!": "", "/": "", "-": "", "quad": " ", "qquad": " ",
    "thinspace": " ", "item": "• ",
}  # fmt: skip

DOUBLE_STRUCK = dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True))
"""Letters every font has; the others of ``\\mathbb`` stay plain."""
