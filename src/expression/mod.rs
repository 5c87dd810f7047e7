//! The SSIS expression language.
//!
//! [`Expression::parse`] gives a syntax tree whose nodes know their places; [`Expression::check`] types it,
//! [`Expression::evaluate`] computes it. Variables, columns, the clock and the locale come in through a [`Scope`];
//! nothing else is looked at, so the same text and the same scope give the same value.
//!
//! What the language means, and from what source, is in `docs/expressions.md`.

mod arithmetic;
mod bindings;
mod calendar;
mod casts;
mod check;
mod code_page;
mod codes;
mod compare;
mod decimal;
mod error;
mod evaluate;
mod functions;
mod lexer;
mod literal;
mod locale;
mod nearest;
mod operator;
mod outline;
mod parser;
mod promotion;
mod scope;
mod text;
mod tree;
mod type_spec;
mod types;
mod value;

pub use bindings::Bindings;
pub use codes::Code;
pub use error::{Error, ErrorKind, Reason, unknown};
pub use functions::Function;
pub use literal::escape_text;
pub use locale::Locale;
pub use operator::{BinaryOperator, UnaryOperator};
pub use scope::{Lookup, Moment, MomentError, Scope};
pub use tree::{
    Call, Column, Expression, Name, NameForm, Node, NodeId, NodeKind, NodeList, TypeSpec,
};
pub use types::{DataType, TypeName};
pub use value::Value;
