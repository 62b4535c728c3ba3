"""What an error in a kernel may say to a student: a known kind, and a sentence from a fixed list.

The text of an exception is the student's to write, and a kernel knows hidden tests: passed on, it
would carry them out in any disguise. So of an error come back its kind, if Python, NumPy or
PyTorch have it; its message, if it is one of those below, with numbers and with words that the
student's own cells hold; and the line of the student's cell, quoted from what was handed in.
"""

from __future__ import annotations

import builtins
import functools
import re
from collections.abc import Iterable, Mapping

UNKNOWN = "an error of its own kind"
MAX_MESSAGE = 300
MAX_LINE = 80
MAX_VOCABULARY = 2**20
"""Characters of the student's cells whose words may appear; honest ones have a tenth."""
MAX_WORDS = 5_000
"""Words from which on cells are a code book, in which each stands for something else: none of
them appears. A finished notebook of the course has 800 at most."""

KINDS = frozenset(
    {
        n
        for n, kind in vars(builtins).items()
        if isinstance(kind, type) and issubclass(kind, BaseException)
    }
    | {"LinAlgError", "AxisError", "UFuncTypeError", "_UFuncOutputCastingError"}
    | {"_UFuncNoLoopError", "_ArrayMemoryError", "OutOfMemoryError", "JSONDecodeError"}
    | {"DataMissing", "StdinNotImplementedError", "UsageError"}
)
"""Kinds of errors that are named."""

TYPES = frozenset(
    {n for n, kind in vars(builtins).items() if isinstance(kind, type)}
    | {"NoneType", "function", "method", "generator", "module", "builtin_function_or_method"}
    | {"dict_keys", "dict_values", "dict_items", "ellipsis", "ndarray", "numpy", "np", "torch"}
    | {"Tensor", "Parameter", "Size", "Generator", "locals", "float", "double", "half", "long"}
    | {"Float", "Double", "Half", "Long", "Int", "Bool", "BFloat", "BFloat16", "Char", "c10"}
    | {f"{kind}{bits}" for kind in ("int", "uint", "float") for bits in (8, 16, 32, 64)}
    | {"complex64", "complex128", "bfloat16", "linear", "add", "subtract", "multiply", "divide"}
    | {"maximum", "minimum", "power", "fmax", "cache", "and"}
)
"""Words that a message may hold although no cell of the student's does."""

SENTENCES = (
    # Python
    "division by zero",
    "float division by zero",
    "integer division or modulo by zero",
    "maximum recursion depth exceeded{ending}",
    "name {word} is not defined{ending}",
    "cannot access local variable {word} where it is not associated with a value",
    "local variable {word} referenced before assignment",
    "{type} object has no attribute {word}{ending}",
    "type object {word} has no attribute {word}{ending}",
    "module {word} has no attribute {word}{ending}",
    "{type} object is not callable",
    "{type} object is not iterable",
    "{type} object is not subscriptable",
    "{type} object does not support item assignment",
    "{type} object cannot be interpreted as an integer",
    "cannot unpack non-iterable {type} object",
    "not enough values to unpack (expected {n}, got {n})",
    "too many values to unpack (expected {n})",
    "too many values to unpack (expected {n}, got {n})",
    "unsupported operand type(s) for {sign}: {type} and {type}",
    "{sign} not supported between instances of {type} and {type}",
    "bad operand type for unary {sign}: {type}",
    'can only concatenate {type} (not "{type}") to {type}',
    "object of type {type} has no len()",
    "invalid syntax{ending}",
    "invalid literal for int() with base 10{ending}",
    "must be real number, not {type}",
    "list index out of range",
    "tuple index out of range",
    "string index out of range",
    "list assignment index out of range",
    "pop from empty list",
    "list indices must be integers or slices, not {type}",
    "tuple indices must be integers or slices, not {type}",
    "{word}() takes no arguments",
    "{call}() takes no arguments",
    "{call}() takes {n} positional argument{s} but {n} {was} given",
    "{call}() takes from {n} to {n} positional arguments but {n} {was} given",
    "{call}() missing {n} required positional argument{s}: {words}",
    "{call}() missing {n} required keyword-only argument{s}: {words}",
    "{call}() got an unexpected keyword argument {word}",
    "{call}() got multiple values for argument {word}",
    "math domain error",
    # NumPy
    "operands could not be broadcast together with shapes {shapes}",
    "operands could not be broadcast together with remapped shapes {ending}",
    "non-broadcastable output operand with shape {shape} doesn't match the broadcast shape {shape}",
    "could not broadcast input array from shape {shape} into shape {shape}",
    "matmul: Input operand {n} has a mismatch in its core dimension {n}, with gufunc signature "
    "{signature} (size {n} is different from {n})",
    "matmul: Input operand {n} does not have enough dimensions (has {n}, gufunc core with "
    "signature {signature} requires {n})",
    "shapes {shape} and {shape} not aligned: {n} (dim {n}) != {n} (dim {n})",
    "cannot reshape array of size {n} into shape {shape}",
    "index {n} is out of bounds for axis {n} with size {n}",
    "axis {n} is out of bounds for array of dimension {n}",
    "axes don't match array",
    "too many indices for array: array is {n}-dimensional, but {n} were indexed",
    "only integer scalar arrays can be converted to a scalar index",
    "only length-1 arrays can be converted to Python scalars",
    "only 0-dimensional arrays can be converted to Python scalars",
    "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or boolean "
    "arrays are valid indices",
    "arrays used as indices must be of integer (or boolean) type",
    "setting an array element with a sequence.{ending}",
    "assignment destination is read-only",
    "output array is read-only",
    "The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()",
    "all the input array dimensions except for the concatenation axis must match exactly, but "
    "along dimension {n}, the array at index {n} has size {n} and the array at index {n} has size "
    "{n}",
    "all the input arrays must have same number of dimensions, but the array at index {n} has {n} "
    "dimension(s) and the array at index {n} has {n} dimension(s)",
    "all input arrays must have the same shape",
    "need at least one array to concatenate",
    "need at least one array to stack",
    "zero-size array to reduction operation {word} which has no identity",
    "Cannot cast ufunc {word} output from dtype({dtype}) to dtype({dtype}) with casting rule "
    "'same_kind'",
    "boolean index did not match indexed array along axis {n}; size of axis is {n} but size of "
    "corresponding boolean axis is {n}",
    "Singular matrix",
    "ufunc {word} not supported for the input types{ending}",
    # PyTorch
    "mat1 and mat2 shapes cannot be multiplied ({n}x{n} and {n}x{n})",
    "mat1 and mat2 must have the same dtype, but got {dtype} and {dtype}",
    "expected m1 and m2 to have the same dtype, but got: {dtype} != {dtype}",
    "expected scalar type {dtype} but found {dtype}",
    "The size of tensor a ({n}) must match the size of tensor b ({n}) at non-singleton dimension "
    "{n}",
    "shape '{shape}' is invalid for input of size {n}",
    "Dimension out of range (expected to be in range of [{n}, {n}], but got {n})",
    "Sizes of tensors must match except in dimension {n}. Expected size {n} but got size {n} for "
    "tensor number {n} in the list.",
    "stack expects each tensor to be equal size, but got {shape} at entry {n} and {shape} at "
    "entry {n}",
    "element {n} of tensors does not require grad and does not have a grad_fn",
    "grad can be implicitly created only for scalar outputs",
    "Trying to backward through the graph a second time{ending}",
    "one of the variables needed for gradient computation has been modified by an inplace "
    "operation{ending}",
    "a leaf Variable that requires grad is being used in an in-place operation.",
    "a view of a leaf Variable that requires grad is being used in an in-place operation.",
    "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.",
    "a Tensor with {n} elements cannot be converted to Scalar",
    "Boolean value of Tensor with more than one value is ambiguous",
    "Expected all tensors to be on the same device{ending}",
    "tensors used as indices must be long, int, byte or bool tensors",
    "dot : expected both vectors to have same dtype, but found {dtype} and {dtype}",
    "linear(): input and weight.T shapes cannot be multiplied ({n}x{n} and {n}x{n})",
    # This course
    "must return {n} values{names}, not one",
    "must return {n} values{names}, not {n}",
    "an argument was changed in place",
    "the answer is too large",
    "{word} has no parameter of shape {shape}",
    "{word} is borrowed",
    "{word}",  # a KeyError
)
"""Messages that are passed on, with a name in braces for what differs: see :data:`PIECES`."""

WORD = r"[A-Za-z_]\w{0,30}"
PIECES = {
    "n": r"-?\d{1,7}",
    "shape": r"[(\[]{1,2}(?:-?\d{1,5}(?:, ?|,?(?=[)\]])))*[)\]]{1,2}",
    "shapes": r"(?:[(](?:\d{1,5}(?:,|(?=[)])))*[)] ?){1,4}",
    "signature": r"\(n\?,k\),\(k,m\?\)->\(n\?,m\?\)",
    "dtype": r"'?(?:torch\.)?(?:[a-z]{1,10}|c10::[A-Z][A-Za-z]{1,12}|[A-Z][a-z]{1,12})\d{0,2}'?",
    "sign": r"'?[-+*/@%<>=&|^~]{1,3}=?'?(?: or pow\(\))?",
    "s": "s?",
    "was": "(?:was|were)",
    "type": f"'?{WORD}(?:\\.{WORD}){{0,2}}'?",
    "word": f"'?{WORD}(?:\\.{WORD}){{0,2}}'?",
    "call": f"{WORD}(?:\\.{WORD}|\\.<locals>){{0,3}}",
    "words": f"'{WORD}'(?:(?:, |,? and )'{WORD}'){{0,8}}",
    "names": r"(?: \([\w, ]{1,200}\))?",
    "ending": r".*",
}
"""Patterns of what differs. What else a message says, its ``ending``, is left out."""

SPEAKING = frozenset({"dtype", "type", "word", "call", "words"})
"""Pieces whose words must be known; ``names`` are left out when they are not."""


def told(kind: str, message: str, sources: Iterable[str] = ()) -> str:
    """Say what an error is, in words that cannot carry anything out of a kernel.

    Parameters
    ----------
    kind, message : str
        What the kernel says of the error.
    sources : iterable of str
        Texts whose words may appear: the student's own cells.

    Returns
    -------
    str
        The kind, and the message where it is one of :data:`SENTENCES`.
    """
    if kind not in KINDS:
        return UNKNOWN
    said = _said(message[:MAX_MESSAGE], sources)
    return f"{kind}: {said}" if said else kind


def line_of(sources: Mapping[str, str], file: object, line: object) -> str:
    """Quote a line of the student's cells; empty when they have no such line.

    Parameters
    ----------
    sources : mapping of str to str
        Cells by the file name of their tracebacks.
    file, line : object
        Where an error arose, as the kernel says.
    """
    if not isinstance(file, str) or not isinstance(line, int) or file not in sources:
        return ""
    lines = sources[file].splitlines()
    blank = next((i for i, text in enumerate(lines) if text.strip()), 0)  # IPython drops these
    if not 0 < line <= len(lines) - blank:
        return ""
    text = lines[line - 1 + blank].strip()
    quoted = text if len(text) <= MAX_LINE else text[:MAX_LINE] + "…"
    return f"line {line + blank}: {quoted}" if quoted else ""


def _said(message: str, sources: Iterable[str]) -> str:
    for names, pattern in _patterns():
        found = pattern.fullmatch(message)
        if found is None:
            continue
        kept, end = [], 0
        for i, name in enumerate(names, start=1):
            piece = found[i]
            known = name not in SPEAKING | {"names"} or _known(piece, sources)
            if not known and name != "names":
                return ""
            kept += [message[end : found.start(i)], piece if known and name != "ending" else ""]
            end = found.end(i)
        return "".join([*kept, message[end:]])
    return ""


def _known(piece: str, sources: Iterable[str]) -> bool:
    words = set(re.findall(r"[^\W\d]\w*", piece)) - TYPES
    return not words or words <= _vocabulary(tuple(sources))


@functools.lru_cache(maxsize=1)
def _vocabulary(sources: tuple[str, ...]) -> frozenset[str]:
    """Every word of the sources, looked up once: a kernel may send hundreds of messages."""
    words: set[str] = set()
    left = MAX_VOCABULARY
    for source in reversed(sources):  # the reference's own names come last, and are few
        words.update(re.findall(r"\w+", source[:left]))
        left -= min(left, len(source))
    return frozenset(words if len(words) <= MAX_WORDS else ())


@functools.cache
def _patterns() -> list[tuple[list[str], re.Pattern[str]]]:
    made = []
    for sentence in SENTENCES:
        literals = re.split(r"\{(?:" + "|".join(PIECES) + r")\}", sentence)
        names = re.findall(r"\{(" + "|".join(PIECES) + r")\}", sentence)
        pattern = re.escape(literals[0])
        for name, literal in zip(names, literals[1:], strict=True):
            pattern += f"({PIECES[name]})" + re.escape(literal)
        made.append((names, re.compile(pattern, re.ASCII)))
    return made
