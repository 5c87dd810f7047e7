//! Operators, their spelling and their precedence.
//!
//! Source: *Operator Precedence and Associativity*.

use std::fmt;

use super::lexer::TokenKind;

/// An operator with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOperator {
    /// `-`
    Negate,
    /// `!`
    Not,
    /// `~`
    Complement,
}

impl UnaryOperator {
    pub(super) fn of(token: TokenKind) -> Option<UnaryOperator> {
        match token {
            TokenKind::Minus => Some(UnaryOperator::Negate),
            TokenKind::Not => Some(UnaryOperator::Not),
            TokenKind::Tilde => Some(UnaryOperator::Complement),
            _ => None,
        }
    }

    /// The operator as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            UnaryOperator::Negate => "-",
            UnaryOperator::Not => "!",
            UnaryOperator::Complement => "~",
        }
    }
}

impl fmt::Display for UnaryOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An operator with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
    /// `+`, of numbers and of strings
    Add,
    /// `-`
    Subtract,
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `<=`
    LessOrEqual,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `&`
    BitAnd,
    /// `^`
    BitXor,
    /// `|`
    BitOr,
    /// `&&`
    And,
    /// `||`
    Or,
}

/// How tightly an operator binds; more is tighter.
pub(super) type Precedence = u8;

/// Anything may follow.
pub(super) const LOOSEST: Precedence = 0;
/// `? :`
pub(super) const CONDITIONAL: Precedence = 1;
/// `- ! ~` and casts.
pub(super) const UNARY: Precedence = 12;

impl BinaryOperator {
    /// The operator and its precedence; all of them group from left to right.
    pub(super) fn of(token: TokenKind) -> Option<(BinaryOperator, Precedence)> {
        Some(match token {
            TokenKind::OrOr => (BinaryOperator::Or, 2),
            TokenKind::AndAnd => (BinaryOperator::And, 3),
            TokenKind::Or => (BinaryOperator::BitOr, 4),
            TokenKind::Caret => (BinaryOperator::BitXor, 5),
            TokenKind::And => (BinaryOperator::BitAnd, 6),
            TokenKind::EqualEqual => (BinaryOperator::Equal, 7),
            TokenKind::NotEqual => (BinaryOperator::Unequal, 7),
            TokenKind::Less => (BinaryOperator::Less, 8),
            TokenKind::LessEqual => (BinaryOperator::LessOrEqual, 8),
            TokenKind::Greater => (BinaryOperator::Greater, 8),
            TokenKind::GreaterEqual => (BinaryOperator::GreaterOrEqual, 8),
            TokenKind::Plus => (BinaryOperator::Add, 9),
            TokenKind::Minus => (BinaryOperator::Subtract, 9),
            TokenKind::Star => (BinaryOperator::Multiply, 10),
            TokenKind::Slash => (BinaryOperator::Divide, 10),
            TokenKind::Percent => (BinaryOperator::Modulo, 10),
            _ => return None,
        })
    }

    /// The operator as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            BinaryOperator::Multiply => "*",
            BinaryOperator::Divide => "/",
            BinaryOperator::Modulo => "%",
            BinaryOperator::Add => "+",
            BinaryOperator::Subtract => "-",
            BinaryOperator::Less => "<",
            BinaryOperator::Greater => ">",
            BinaryOperator::LessOrEqual => "<=",
            BinaryOperator::GreaterOrEqual => ">=",
            BinaryOperator::Equal => "==",
            BinaryOperator::Unequal => "!=",
            BinaryOperator::BitAnd => "&",
            BinaryOperator::BitXor => "^",
            BinaryOperator::BitOr => "|",
            BinaryOperator::And => "&&",
            BinaryOperator::Or => "||",
        }
    }

    /// Whether it compares its operands.
    pub fn is_comparison(self) -> bool {
        self.is_equality()
            || matches!(
                self,
                BinaryOperator::Less
                    | BinaryOperator::Greater
                    | BinaryOperator::LessOrEqual
                    | BinaryOperator::GreaterOrEqual
            )
    }

    pub(super) fn is_equality(self) -> bool {
        matches!(self, BinaryOperator::Equal | BinaryOperator::Unequal)
    }

    pub(super) fn is_bitwise(self) -> bool {
        matches!(
            self,
            BinaryOperator::BitAnd | BinaryOperator::BitXor | BinaryOperator::BitOr
        )
    }

    /// Whether it is `&&` or `||`, whose right side may not matter.
    pub(super) fn is_logical(self) -> bool {
        matches!(self, BinaryOperator::And | BinaryOperator::Or)
    }
}

impl fmt::Display for BinaryOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
