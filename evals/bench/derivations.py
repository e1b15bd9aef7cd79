"""TAT-QA's derivations: arithmetic as annotators wrote it, read without running it, and told apart by what it computes."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, DivisionByZero, InvalidOperation
from enum import StrEnum

_CLEAN = re.compile(r"[\s$£€¥%]")
_NUMBER = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+")
_ALLOWED = re.compile(r"[0-9.()+*/-]+")
_LONGEST = 300
# What division may be off by in its last digits.
_SLIP = Decimal("1e-20")
_OPERATIONS: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class Shape(StrEnum):
    """What a derivation computes."""

    DIFFERENCE = "difference"
    GROWTH = "percent change"
    AVERAGE = "average"
    SUM = "sum"
    QUOTIENT = "quotient"


@dataclass(frozen=True, slots=True)
class Derivation:
    """A simple derivation: its operands in the order that the shape needs (now before base, part before whole), and its value."""

    shape: Shape
    operands: tuple[Decimal, ...]

    @property
    def value(self) -> Decimal:
        """In whole numbers: a growth of 0.5 is a half. Raises ArithmeticError when a divisor is zero."""
        first, *others = self.operands
        match self.shape:
            case Shape.DIFFERENCE:
                return first - others[0]
            case Shape.GROWTH:
                return (first - others[0]) / others[0]
            case Shape.AVERAGE:
                return sum(self.operands, Decimal(0)) / len(self.operands)
            case Shape.SUM:
                return sum(self.operands, Decimal(0))
            case Shape.QUOTIENT:
                return first / others[0]


class Unreadable(ValueError):
    """A derivation that is no plain arithmetic."""


class NotSimple(ValueError):
    """A derivation of several steps, or of another kind than those of `Shape`."""


def parse(text: str) -> Derivation:
    """Read a derivation. Raises Unreadable or NotSimple."""
    tree = _tree(text)
    value = _value(tree)
    found = _shape(tree)
    if found is None:
        raise NotSimple(text)
    try:
        if abs(found.value - value) > abs(value) * _SLIP:
            raise NotSimple(text)
    except (DivisionByZero, InvalidOperation):
        raise Unreadable(text) from None
    return found


def _tree(text: str) -> ast.expr:
    cleaned = _CLEAN.sub("", text).replace("[", "(").replace("]", ")").replace("−", "-").replace("–", "-").replace("×", "*")
    cleaned = _NUMBER.sub(lambda match: match[0].replace(",", ""), cleaned)
    if not cleaned or len(cleaned) > _LONGEST or not _ALLOWED.fullmatch(cleaned):
        raise Unreadable(text)
    # A number with leading zeros is none to Python.
    cleaned = re.sub(r"(?<![0-9.])0+(?=[0-9])", "", cleaned)
    try:
        return ast.parse(cleaned, mode="eval").body
    except SyntaxError:
        raise Unreadable(text) from None


def _value(tree: ast.expr) -> Decimal:
    if (leaf := _leaf(tree)) is not None:
        return leaf
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return -_value(tree.operand)
    if isinstance(tree, ast.BinOp) and (compute := _OPERATIONS.get(type(tree.op))):
        try:
            return compute(_value(tree.left), _value(tree.right))
        except (DivisionByZero, InvalidOperation):
            raise Unreadable("a divisor is zero") from None
    raise Unreadable("not plain arithmetic")


def _leaf(tree: ast.expr) -> Decimal | None:
    """The number that a leaf is, its minus signs included."""
    if isinstance(tree, ast.Constant) and isinstance(tree.value, int | float) and not isinstance(tree.value, bool):
        return Decimal(str(tree.value))
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub) and (inner := _leaf(tree.operand)) is not None:
        return -inner
    return None


def _shape(tree: ast.expr) -> Derivation | None:
    if isinstance(tree, ast.BinOp) and isinstance(tree.left, ast.UnaryOp) and _leaf(tree.left) is None:
        # -(a + b) / 2: the average of two amounts that the table writes without their minus.
        inner = _shape(ast.BinOp(tree.left.operand, tree.op, tree.right))
        is_average = inner is not None and inner.shape is Shape.AVERAGE
        return Derivation(Shape.AVERAGE, tuple(-term for term in inner.operands)) if inner is not None and is_average else None
    if (terms := _terms(tree)) is not None:
        return Derivation(Shape.SUM, terms) if len(terms) > 1 else None
    if not isinstance(tree, ast.BinOp):
        return None
    left, right = _leaf(tree.left), _leaf(tree.right)
    if isinstance(tree.op, ast.Sub):
        if left is not None and right is not None:
            return Derivation(Shape.DIFFERENCE, (left, right))
        if right == 1 and isinstance(tree.left, ast.BinOp) and isinstance(tree.left.op, ast.Div):
            now, base = _leaf(tree.left.left), _leaf(tree.left.right)
            return Derivation(Shape.GROWTH, (now, base)) if now is not None and base is not None else None
    if isinstance(tree.op, ast.Div):
        if left is not None and right is not None:
            return Derivation(Shape.QUOTIENT, (left, right))
        if (terms := _terms(tree.left)) is not None and len(terms) == _value(tree.right):
            return Derivation(Shape.AVERAGE, terms)
        if isinstance(tree.left, ast.BinOp) and isinstance(tree.left.op, ast.Sub):
            now, base = _leaf(tree.left.left), _leaf(tree.left.right)
            if now is not None and base is not None and base == right:
                return Derivation(Shape.GROWTH, (now, base))
    return None


def _terms(tree: ast.expr) -> tuple[Decimal, ...] | None:
    """The terms of a sum of two or more numbers, or None."""
    if not (isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add)):
        return None
    right = _leaf(tree.right)
    left = _leaf(tree.left)
    before = (left,) if left is not None else _terms(tree.left)
    return None if right is None or before is None else (*before, right)
