//! Tokens to a syntax tree.
//!
//! One function climbs the precedences and calls itself only where the text itself nests, so the depth of the
//! nesting, which is limited, is the depth of the stack.

use memchr::memchr;

use super::codes::Code;
use super::error::Error;
use super::functions::Function;
use super::lexer::{Lexer, Token, TokenKind};
use super::literal;
use super::nearest::nearest;
use super::operator::{self, BinaryOperator, Precedence, UnaryOperator};
use super::tree::{
    Call, Column, Expression, Name, NameForm, NodeId, NodeKind, TreeBuilder, TypeSpec,
};
use super::types::TypeName;
use super::value::Value;
use crate::source::Span;

/// The deepest nesting that is parsed. Two hundred levels are more than anybody writes; a thousand fit on every
/// stack there is.
const DEEPEST: u32 = 1_000;

pub(super) fn parse(text: &str) -> Result<Expression<'_>, Error> {
    if let Some(at) = memchr(0, text.as_bytes()) {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        return Err(Error::syntax(
            Code::InvalidToken,
            "the character U+0000 cannot stand in an expression",
        )
        .at(Span::new(at, at.saturating_add(1))));
    }
    if u32::try_from(text.len()).is_err() {
        return Err(Error::syntax(
            Code::FailedToParse,
            "an expression longer than 4 GiB cannot be parsed",
        ));
    }
    let mut lexer = Lexer::new(text);
    let current = lexer.next()?;
    let mut parser = Parser {
        lexer,
        current,
        tree: TreeBuilder::new(text),
        depth: 0,
    };
    parser.whole()?;
    Ok(parser.tree.finish())
}

struct Parser<'s> {
    lexer: Lexer<'s>,
    current: Token,
    tree: TreeBuilder<'s>,
    depth: u32,
}

impl<'s> Parser<'s> {
    /// A whole text: an expression, or an assignment.
    fn whole(&mut self) -> Result<(), Error> {
        if self.current.kind == TokenKind::End {
            return Err(
                Error::syntax(Code::ExpressionEmpty, "there is no expression")
                    .at(self.current.span),
            );
        }
        let left = self.expression(operator::LOOSEST)?;
        let is_name = matches!(self.tree.kind(left), Some(NodeKind::Name(_)));
        if is_name && self.current.kind == TokenKind::Equal {
            self.advance()?;
            let value = self.expression(operator::LOOSEST)?;
            let span = self.tree.span(left).join(self.tree.span(value));
            self.tree.push(NodeKind::Assignment(left, value), span);
        }
        match self.current.kind {
            TokenKind::End => Ok(()),
            _ => Err(self.unexpected("an operator or the end of the expression")),
        }
    }

    /// An expression whose operators bind at least as tightly as `least`.
    fn expression(&mut self, least: Precedence) -> Result<NodeId, Error> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let message = format!(
                "the expression is nested more than {DEEPEST} levels deep, which dtsx does not follow"
            );
            return Err(Error::syntax(Code::FailedToParse, message)
                .with_help("move a part of it into a variable of its own")
                .at(self.current.span));
        }
        let mut left = match self.current.kind {
            TokenKind::LeftParenthesis => self.parenthesis()?,
            TokenKind::Identifier | TokenKind::Bracketed => self.word()?,
            kind => match UnaryOperator::of(kind) {
                Some(unary) => {
                    let start = self.advance()?.span;
                    let operand = self.expression(operator::UNARY)?;
                    let span = start.join(self.tree.span(operand));
                    self.tree.push(NodeKind::Unary(unary, operand), span)
                }
                None => self.leaf()?,
            },
        };
        loop {
            if let Some((binary, precedence)) = BinaryOperator::of(self.current.kind) {
                if precedence < least {
                    break;
                }
                self.advance()?;
                let right = self.expression(precedence + 1)?;
                let span = self.tree.span(left).join(self.tree.span(right));
                left = self.tree.push(NodeKind::Binary(binary, left, right), span);
            } else if self.current.kind == TokenKind::Question && least <= operator::CONDITIONAL {
                self.advance()?;
                let chosen = self.expression(operator::LOOSEST)?;
                self.expect(
                    TokenKind::Colon,
                    "`:` and what the condition yields otherwise",
                )?;
                let otherwise = self.expression(operator::CONDITIONAL)?;
                let span = self.tree.span(left).join(self.tree.span(otherwise));
                left = self
                    .tree
                    .push(NodeKind::Conditional(left, chosen, otherwise), span);
            } else {
                break;
            }
        }
        self.depth -= 1;
        Ok(left)
    }

    /// What begins with `(`: a cast, or an expression in parentheses.
    fn parenthesis(&mut self) -> Result<NodeId, Error> {
        let is_cast = self.type_follows();
        let start = self.advance()?.span;
        if is_cast {
            let spec = self.type_spec()?;
            self.expect(TokenKind::RightParenthesis, "`)`")?;
            let operand = self.expression(operator::UNARY)?;
            let span = start.join(self.tree.span(operand));
            return Ok(self.tree.push(NodeKind::Cast(spec, operand), span));
        }
        let inner = self.expression(operator::LOOSEST)?;
        let end = self.expect(TokenKind::RightParenthesis, "an operator or `)`")?;
        Ok(self.tree.push(NodeKind::Group(inner), start.join(end)))
    }

    /// Whether the `(` at hand opens a cast: `DT_…` follows, and behind it `)` or a parameter.
    fn type_follows(&self) -> bool {
        let mut ahead = self.lexer;
        let Ok(name) = ahead.next() else { return false };
        let text = self.tree.slice(name.span);
        if name.kind != TokenKind::Identifier || !starts_with_dt(text) {
            return false;
        }
        TypeName::from_name(text).is_some()
            || ahead.next().is_ok_and(|token| {
                matches!(token.kind, TokenKind::Comma | TokenKind::RightParenthesis)
            })
    }

    /// A type and its parameters, up to the `)`.
    fn type_spec(&mut self) -> Result<TypeSpec, Error> {
        let name_span = self.current.span;
        let text = self.tree.slice(name_span);
        let name = match TypeName::from_name(text) {
            Some(name) if self.current.kind == TokenKind::Identifier => name,
            _ if starts_with_dt(text) => return Err(unknown_type(text).at(name_span)),
            _ => return Err(self.unexpected("the name of a data type, such as `DT_WSTR`")),
        };
        self.advance()?;
        let (least, most) = name.parameters();
        let mut parameters = Vec::new();
        let mut span = name_span;
        while self.current.kind == TokenKind::Comma && parameters.len() < most {
            self.advance()?;
            let parameter = self.expression(operator::LOOSEST)?;
            span = span.join(self.tree.span(parameter));
            parameters.push(parameter);
        }
        if parameters.len() < least {
            return Err(self.unexpected(parameters_of(name)));
        }
        if self.current.kind == TokenKind::Comma {
            return Err(self.unexpected(&format!("`)`, because {name} takes no further parameter")));
        }
        Ok(TypeSpec {
            name,
            span,
            parameters: self.tree.list(&parameters),
        })
    }

    /// What begins with a word: a Boolean, `NULL(…)`, a call, or a column.
    fn word(&mut self) -> Result<NodeId, Error> {
        let word = self.advance()?;
        let text = self.word_text(word);
        let is_bare = word.kind == TokenKind::Identifier;
        match self.current.kind {
            TokenKind::LeftParenthesis if is_bare && text.eq_ignore_ascii_case("NULL") => {
                self.advance()?;
                let spec = self.type_spec()?;
                let end = self.expect(TokenKind::RightParenthesis, "`)`")?;
                Ok(self.tree.push(NodeKind::Null(spec), word.span.join(end)))
            }
            TokenKind::LeftParenthesis => self.call(word),
            TokenKind::Dot => {
                self.advance()?;
                if !matches!(
                    self.current.kind,
                    TokenKind::Identifier | TokenKind::Bracketed
                ) {
                    return Err(self.unexpected("the name of a column"));
                }
                let column = self.advance()?;
                let kind = NodeKind::Column(Column::Named {
                    source: Some(text),
                    name: self.word_text(column),
                });
                Ok(self.tree.push(kind, word.span.join(column.span)))
            }
            _ => {
                let is = |keyword: &str| is_bare && text.eq_ignore_ascii_case(keyword);
                let kind = if is("TRUE") {
                    NodeKind::Constant(Value::bool(true))
                } else if is("FALSE") {
                    NodeKind::Constant(Value::bool(false))
                } else {
                    NodeKind::Column(Column::Named {
                        source: None,
                        name: text,
                    })
                };
                Ok(self.tree.push(kind, word.span))
            }
        }
    }

    /// A word without its brackets.
    fn word_text(&self, word: Token) -> &'s str {
        let text = self.tree.slice(word.span);
        match word.kind {
            TokenKind::Bracketed => text.get(1..text.len() - 1).unwrap_or_default(),
            _ => text,
        }
    }

    /// The arguments of a call whose name has been read.
    fn call(&mut self, name: Token) -> Result<NodeId, Error> {
        self.advance()?;
        let mut arguments = Vec::new();
        if self.current.kind != TokenKind::RightParenthesis {
            loop {
                arguments.push(self.expression(operator::LOOSEST)?);
                if self.current.kind != TokenKind::Comma {
                    break;
                }
                self.advance()?;
            }
        }
        let end = self.expect(TokenKind::RightParenthesis, "an operator, `,` or `)`")?;
        let call = Call {
            function: Function::from_name(self.word_text(name)),
            name: name.span,
            arguments: self.tree.list(&arguments),
        };
        Ok(self.tree.push(NodeKind::Call(call), name.span.join(end)))
    }

    /// A node without children.
    fn leaf(&mut self) -> Result<NodeId, Error> {
        let span = self.current.span;
        let text = self.tree.slice(span);
        let kind = match self.current.kind {
            TokenKind::String => {
                let content = text.get(1..text.len() - 1).unwrap_or_default();
                NodeKind::Text(literal::decode(content, span.start + 1)?)
            }
            TokenKind::Number => {
                NodeKind::Constant(literal::number(text).map_err(|error| error.at(span))?)
            }
            TokenKind::BareVariable => NodeKind::Name(Name {
                form: NameForm::Bare,
                namespace: None,
                name: text.get(1..).unwrap_or_default(),
                span,
                namespace_span: None,
                name_span: Span::new(span.start + 1, span.end),
            }),
            TokenKind::BracketedVariable => NodeKind::Name(bracketed_name(text, span)),
            TokenKind::LineageId => {
                let id = text
                    .get(1..)
                    .and_then(|digits| digits.parse().ok())
                    .ok_or_else(|| {
                        Error::syntax(
                            Code::LiteralOverflow,
                            format!("the lineage id `{text}` is too large"),
                        )
                        .at(span)
                    })?;
                NodeKind::Column(Column::LineageId(id))
            }
            _ => return Err(self.unexpected("a value: a literal, a variable, a function or `(`")),
        };
        self.advance()?;
        Ok(self.tree.push(kind, span))
    }

    /// Takes the token at hand.
    fn advance(&mut self) -> Result<Token, Error> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.current, next))
    }

    /// Takes a token that must be there.
    fn expect(&mut self, kind: TokenKind, wanted: &str) -> Result<Span, Error> {
        if self.current.kind != kind {
            return Err(self.unexpected(wanted));
        }
        Ok(self.advance()?.span)
    }

    /// For the `::` at hand: how the name around it is written.
    fn bracketed(&self) -> String {
        let mut ahead = self.lexer;
        let name = ahead.next().map(|token| self.tree.slice(token.span));
        let before = self.tree.slice(Span::new(0, self.current.span.start));
        let namespace = before.rsplit('@').next().unwrap_or_default();
        let is_word =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
        match name {
            Ok(name) if is_word(name) && is_word(namespace) => {
                format!("a name with a namespace needs brackets: `@[{namespace}::{name}]`")
            }
            _ => "a name with a namespace needs brackets: `@[User::Name]`".to_owned(),
        }
    }

    /// The token at hand is not what the grammar wants.
    fn unexpected(&self, wanted: &str) -> Error {
        let token = self.current;
        let text = self.tree.slice(token.span);
        let error = match token.kind {
            TokenKind::End => Error::incomplete(format!("expected {wanted}, found the end")),
            TokenKind::Equal => Error::syntax(
                Code::SingleEqual,
                format!("expected {wanted}, found `=`"),
            )
            .with_help(
                "`==` compares; `=` assigns, and only to a variable at the start: `@[User::n] = 1`",
            ),
            TokenKind::DoubleColon => {
                Error::syntax(Code::InvalidToken, format!("expected {wanted}, found `::`"))
                    .with_help(self.bracketed())
            }
            // Its text may hold a secret; the place shows it to who may see it.
            TokenKind::String => Error::syntax(
                Code::InvalidToken,
                format!("expected {wanted}, found a string"),
            ),
            _ => Error::syntax(
                Code::InvalidToken,
                format!("expected {wanted}, found `{}`", shortened(text)),
            ),
        };
        error.at(token.span)
    }
}

/// A long token would bury the sentence; the caret shows the rest.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 30;
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn starts_with_dt(text: &str) -> bool {
    text.get(..3)
        .is_some_and(|head| head.eq_ignore_ascii_case("DT_"))
}

fn unknown_type(text: &str) -> Error {
    let error = Error::typing(Code::UnsupportedType, format!("`{text}` is no data type"));
    let names = TypeName::all().map(TypeName::as_str);
    match nearest(text, names) {
        Some(name) => error.with_help(format!("did you mean `{name}`?")),
        None => error,
    }
}

fn parameters_of(name: TypeName) -> &'static str {
    match name {
        TypeName::Wstr => "`,` and the length, as in `(DT_WSTR,20)`",
        TypeName::Str => "`,` with the length and `,` with the code page, as in `(DT_STR,20,1252)`",
        TypeName::Bytes => "`,` and the length, as in `(DT_BYTES,16)`",
        TypeName::Decimal => "`,` and the scale, as in `(DT_DECIMAL,2)`",
        TypeName::Numeric => {
            "`,` with the precision and `,` with the scale, as in `(DT_NUMERIC,18,2)`"
        }
        _ => "`,` and the code page, as in `(DT_TEXT,1252)`",
    }
}

/// The name in `@[…]`, given that text and its place.
fn bracketed_name(text: &str, span: Span) -> Name<'_> {
    let inside = text.get(2..text.len() - 1).unwrap_or_default();
    let start = span.start + 2;
    let end = span.end - 1;
    let (namespace, name) = match inside.split_once("::") {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, inside),
    };
    let name_start = end - name.len() as u32;
    Name {
        form: NameForm::Bracketed,
        namespace,
        name,
        span,
        namespace_span: namespace.map(|namespace| Span::new(start, start + namespace.len() as u32)),
        name_span: Span::new(name_start, end),
    }
}
