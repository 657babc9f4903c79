"""Finds, in the source, every read of what a request carries: `request.GET["q"]`, `given.getlist("row")`,
`Form(request.POST)`."""

import ast
from collections.abc import Iterator

CARRIERS = {"GET", "POST"}
READERS = {"get", "getlist", "pop", "setdefault"}
#: What is read of the whole, not of one name.
HARMLESS = {"urlencode", "keys", "items", "lists"}


def carries(node: ast.AST, aliases: set[str]) -> bool:
    """Whether the expression is what a request carries: `request.GET`, a copy of it, or a name given to either."""
    match node:
        case ast.Attribute(attr=attr):
            return attr in CARRIERS
        case ast.Name(id=name):
            return name in aliases
        case ast.Call(func=ast.Attribute(value=value, attr="copy")):
            return carries(value, aliases)
        case ast.IfExp(body=body, orelse=orelse):
            return carries(body, aliases) or carries(orelse, aliases)
        case ast.BoolOp(values=values):
            return any(carries(value, aliases) for value in values)
    return False


def aliases_in(tree: ast.AST) -> set[str]:
    """The names that stand for what a request carries: assigned so, or parameters called so."""
    found: set[str] = {"posted", "given", "data", "query"} & {
        argument.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for argument in node.args.args
        if ast.unparse(argument.annotation or ast.Constant("")) in ("Any", "QueryDict")
    }
    for _again in range(2):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and carries(node.value, found):
                found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ast.unparse(node)


def reads(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of each read; what is handed on whole is named by what takes it: `LineForm(…)`."""
    aliases = aliases_in(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr=attr), args=[name, *_]) if (
                attr in READERS and carries(value, aliases)
            ):
                yield node.lineno, text(name)
            case ast.Subscript(value=value, slice=name) if carries(value, aliases):
                yield node.lineno, text(name)
            case ast.Compare(left=name, ops=[ast.In() | ast.NotIn()], comparators=[value]) if carries(
                value, aliases
            ):
                yield node.lineno, text(name)
            case ast.Call(func=func, args=args, keywords=keywords):
                handed = [*args, *(keyword.value for keyword in keywords)]
                if any(carries(argument, aliases) for argument in handed):
                    yield node.lineno, f"{ast.unparse(func)}(…)"
