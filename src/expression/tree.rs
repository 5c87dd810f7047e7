//! The syntax tree of an expression.
//!
//! Nodes lie in one list in which children come before their parents. So nothing that walks the tree recurses, and
//! an expression of thousands of operands is no deeper than one of two.

use std::fmt;

use super::error::Error;
use super::functions::Function;
use super::operator::{BinaryOperator, UnaryOperator};
use super::parser;
use super::types::TypeName;
use super::value::Value;
use crate::source::{Decoded, Span};

/// A parsed expression, which borrows the text it was parsed from.
///
/// Spans count bytes of that text from 0. An expression that was itself decoded from a file is found there through
/// the map of the outer value: `outer.raw_span(node.span().range())`.
#[derive(Clone, Debug)]
pub struct Expression<'s> {
    text: &'s str,
    nodes: Vec<NodeData<'s>>,
    /// The arguments of calls and the parameters of types, one list after the other.
    lists: Vec<NodeId>,
}

#[derive(Clone, Debug)]
struct NodeData<'s> {
    kind: NodeKind<'s>,
    span: Span,
    /// Whether a column lies below, which makes the node dynamic.
    has_column: bool,
    /// Whether a name, a column or the clock lies below; without one the value is always the same.
    has_input: bool,
}

/// The number of a node in its expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

impl NodeId {
    /// Its place in [`Expression::nodes`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Some children of a node: the arguments of a call, the parameters of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeList {
    start: u32,
    len: u32,
}

impl NodeList {
    /// How many there are.
    pub(super) fn count(self) -> usize {
        self.len as usize
    }
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum NodeKind<'s> {
    /// A string, with the map from each character to the place it was spelled at.
    Text(Decoded<'s>),
    /// A number, `TRUE` or `FALSE`.
    Constant(Value),
    /// A variable or a parameter.
    Name(Name<'s>),
    /// A column of the data flow.
    Column(Column<'s>),
    /// `NULL(DT_…)`
    Null(TypeSpec),
    /// `(…)`
    Group(NodeId),
    /// `-x`, `!x`, `~x`
    Unary(UnaryOperator, NodeId),
    /// `x + y` and the like
    Binary(BinaryOperator, NodeId, NodeId),
    /// `(DT_…)x`
    Cast(TypeSpec, NodeId),
    /// `x ? y : z`
    Conditional(NodeId, NodeId, NodeId),
    /// `FUNCTION(…)`
    Call(Call),
    /// `@x = y`
    Assignment(NodeId, NodeId),
}

/// A call of a function.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// The function, `None` if the language has none of that name.
    pub function: Option<Function>,
    /// Where the name stands.
    pub name: Span,
    /// The arguments.
    pub arguments: NodeList,
}

/// A type as it is written in a cast or in `NULL`.
#[derive(Clone, Copy, Debug)]
pub struct TypeSpec {
    /// The type.
    pub name: TypeName,
    /// From the type's name to its last parameter.
    pub span: Span,
    /// Length, precision, scale, code page: expressions that must be static.
    pub parameters: NodeList,
}

/// The name of a variable or a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name<'s> {
    /// How it is written.
    pub form: NameForm,
    /// What stands before `::`; `$Project` and `$Package` for parameters.
    pub namespace: Option<&'s str>,
    /// The name without the namespace.
    pub name: &'s str,
    /// The whole, with `@` and brackets.
    pub span: Span,
    /// Where the namespace stands.
    pub namespace_span: Option<Span>,
    /// Where the name stands.
    pub name_span: Span,
}

/// How a variable is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameForm {
    /// `@Name`
    Bare,
    /// `@[Name]` or `@[Namespace::Name]`
    Bracketed,
}

impl Name<'_> {
    /// Whether it is a project or package parameter.
    pub fn is_parameter(&self) -> bool {
        let is = |wanted| {
            self.namespace
                .is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        };
        is("$Project") || is("$Package")
    }
}

impl fmt::Display for Name<'_> {
    /// `User::Count`, without `@` and brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace {
            Some(namespace) => write!(f, "{namespace}::{}", self.name),
            None => f.write_str(self.name),
        }
    }
}

/// The name of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column<'s> {
    /// `Name`, `[Name]`, `Source.Name`
    Named {
        /// The component that brings it.
        source: Option<&'s str>,
        /// The column.
        name: &'s str,
    },
    /// `#12`
    LineageId(u32),
}

impl fmt::Display for Column<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Column::Named {
                source: Some(source),
                name,
            } => write!(f, "[{source}].[{name}]"),
            Column::Named { source: None, name } => f.write_str(name),
            Column::LineageId(id) => write!(f, "#{id}"),
        }
    }
}

/// A node in its expression.
#[derive(Clone, Copy, Debug)]
pub struct Node<'e, 's> {
    expression: &'e Expression<'s>,
    id: NodeId,
}

impl<'s> Expression<'s> {
    /// Parses a text.
    ///
    /// # Errors
    ///
    /// The text is no expression, or is nested more deeply than this library allows (1,000 levels of parentheses,
    /// calls, casts and conditions). Unknown functions and wrong numbers of arguments are found by [`check`].
    ///
    /// [`check`]: Expression::check
    pub fn parse(text: &'s str) -> Result<Expression<'s>, Error> {
        parser::parse(text)
    }

    /// The text it was parsed from.
    pub fn text(&self) -> &'s str {
        self.text
    }

    /// The node that is the whole expression.
    pub fn root(&self) -> Node<'_, 's> {
        Node {
            expression: self,
            id: self.root_id(),
        }
    }

    /// Every node, children before their parents.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = Node<'_, 's>> + ExactSizeIterator {
        (0..self.nodes.len()).map(|at| Node {
            expression: self,
            id: NodeId(at as u32),
        })
    }

    /// A node by its number.
    pub fn node(&self, id: NodeId) -> Option<Node<'_, 's>> {
        self.nodes.get(id.index()).map(|_| Node {
            expression: self,
            id,
        })
    }

    /// Every variable and parameter, from left to right, as often as it is named; the target of an assignment too.
    pub fn names(&self) -> impl Iterator<Item = &Name<'s>> {
        self.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Name(name) => Some(name),
            _ => None,
        })
    }

    /// Every string literal, from left to right: the place with its quotation marks, and the value.
    pub fn strings(&self) -> impl Iterator<Item = (Span, &Decoded<'s>)> {
        self.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Text(value) => Some((node.span, value)),
            _ => None,
        })
    }

    /// The variable or parameter that is the whole expression, parentheses aside.
    pub fn as_name(&self) -> Option<&Name<'s>> {
        match self.kind(self.inner_root()) {
            Some(NodeKind::Name(name)) => Some(name),
            _ => None,
        }
    }

    /// The string literal that is the whole expression, parentheses aside.
    pub fn as_string(&self) -> Option<&Decoded<'s>> {
        match self.kind(self.inner_root()) {
            Some(NodeKind::Text(value)) => Some(value),
            _ => None,
        }
    }

    /// For `@x = …`: the variable that is assigned to.
    pub fn assigned(&self) -> Option<&Name<'s>> {
        let Some(NodeKind::Assignment(target, _)) = self.kind(self.root_id()) else {
            return None;
        };
        match self.kind(*target) {
            Some(NodeKind::Name(name)) => Some(name),
            _ => None,
        }
    }

    pub(super) fn root_id(&self) -> NodeId {
        NodeId(self.nodes.len().saturating_sub(1) as u32)
    }

    /// The root without the parentheses around it.
    pub(super) fn inner_root(&self) -> NodeId {
        let mut id = self.root_id();
        while let Some(NodeKind::Group(inner)) = self.kind(id) {
            id = *inner;
        }
        id
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn kind(&self, id: NodeId) -> Option<&NodeKind<'s>> {
        self.nodes.get(id.index()).map(|node| &node.kind)
    }

    pub(super) fn span(&self, id: NodeId) -> Span {
        self.nodes
            .get(id.index())
            .map(|node| node.span)
            .unwrap_or_default()
    }

    pub(super) fn has_column(&self, id: NodeId) -> bool {
        self.nodes
            .get(id.index())
            .is_some_and(|node| node.has_column)
    }

    pub(super) fn is_constant(&self, id: NodeId) -> bool {
        self.nodes
            .get(id.index())
            .is_some_and(|node| !node.has_input)
    }

    pub(super) fn list(&self, list: NodeList) -> &[NodeId] {
        let start = list.start as usize;
        self.lists
            .get(start..start + list.len as usize)
            .unwrap_or_default()
    }

    /// The piece of the text at `span`.
    pub(super) fn slice(&self, span: Span) -> &'s str {
        self.text.get(span.range()).unwrap_or_default()
    }
}

impl fmt::Display for Expression<'_> {
    /// Prints the tree: the nodes in their order, and between them the marks and white space that are no nodes. This
    /// is the text the expression was parsed from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut open = vec![(self.root(), 0)];
        let root = self.root().span();
        f.write_str(self.text.get(..root.start as usize).unwrap_or_default())?;
        let mut at = root.start;
        while let Some((node, child)) = open.pop() {
            let Some(next) = node.children().nth(child) else {
                f.write_str(self.slice(Span::new(at, node.span().end)))?;
                at = at.max(node.span().end);
                continue;
            };
            f.write_str(self.slice(Span::new(at, next.span().start)))?;
            at = at.max(next.span().start);
            open.push((node, child + 1));
            open.push((next, 0));
        }
        f.write_str(self.text.get(root.end as usize..).unwrap_or_default())
    }
}

impl<'e, 's> Node<'e, 's> {
    /// Its number.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// What it is.
    pub fn kind(self) -> &'e NodeKind<'s> {
        // A node is only made for an id that its expression has.
        static NOTHING: NodeKind<'static> = NodeKind::Group(NodeId(0));
        self.expression.kind(self.id).unwrap_or(&NOTHING)
    }

    /// Where it stands, with everything that belongs to it.
    pub fn span(self) -> Span {
        self.expression.span(self.id)
    }

    /// How it is spelled.
    pub fn text(self) -> &'s str {
        self.expression.slice(self.span())
    }

    /// Its children in the order in which they stand in the text; parameters of a type come before what is cast.
    pub fn children(self) -> impl Iterator<Item = Node<'e, 's>> {
        let expression = self.expression;
        let (list, fixed) = self.kind().children();
        let listed = expression.list(list).iter().copied();
        listed
            .chain(fixed.into_iter().flatten())
            .map(move |id| Node { expression, id })
    }
}

impl NodeKind<'_> {
    /// First the children in a list, then the others.
    fn children(&self) -> (NodeList, [Option<NodeId>; 3]) {
        const NONE: NodeList = NodeList { start: 0, len: 0 };
        match *self {
            NodeKind::Text(_) | NodeKind::Constant(_) | NodeKind::Name(_) | NodeKind::Column(_) => {
                (NONE, [None; 3])
            }
            NodeKind::Null(spec) => (spec.parameters, [None; 3]),
            NodeKind::Group(inner) | NodeKind::Unary(_, inner) => (NONE, [Some(inner), None, None]),
            NodeKind::Binary(_, left, right) | NodeKind::Assignment(left, right) => {
                (NONE, [Some(left), Some(right), None])
            }
            NodeKind::Cast(spec, operand) => (spec.parameters, [Some(operand), None, None]),
            NodeKind::Conditional(condition, left, right) => {
                (NONE, [Some(condition), Some(left), Some(right)])
            }
            NodeKind::Call(call) => (call.arguments, [None; 3]),
        }
    }
}

/// Collects the nodes while the parser finds them.
#[derive(Debug)]
pub(super) struct TreeBuilder<'s> {
    expression: Expression<'s>,
}

impl<'s> TreeBuilder<'s> {
    pub(super) fn new(text: &'s str) -> TreeBuilder<'s> {
        TreeBuilder {
            expression: Expression {
                text,
                // A guess that saves most expressions from growing the list; a long one is mostly text.
                nodes: Vec::with_capacity((8 + text.len() / 8).min(64)),
                lists: Vec::new(),
            },
        }
    }

    pub(super) fn push(&mut self, kind: NodeKind<'s>, span: Span) -> NodeId {
        let expression = &mut self.expression;
        let (list, fixed) = kind.children();
        let (mut has_column, mut has_input) = match &kind {
            NodeKind::Column(_) => (true, true),
            NodeKind::Name(_) => (false, true),
            NodeKind::Call(call) => (false, call.function.is_none_or(Function::reads_the_clock)),
            _ => (false, false),
        };
        let children = expression
            .list(list)
            .iter()
            .copied()
            .chain(fixed.into_iter().flatten());
        for child in children {
            has_column |= expression.has_column(child);
            has_input |= !expression.is_constant(child);
        }
        let id = NodeId(expression.nodes.len() as u32);
        expression.nodes.push(NodeData {
            kind,
            span,
            has_column,
            has_input,
        });
        id
    }

    pub(super) fn list(&mut self, nodes: &[NodeId]) -> NodeList {
        let lists = &mut self.expression.lists;
        let list = NodeList {
            start: lists.len() as u32,
            len: nodes.len() as u32,
        };
        lists.extend_from_slice(nodes);
        list
    }

    pub(super) fn span(&self, id: NodeId) -> Span {
        self.expression.span(id)
    }

    pub(super) fn kind(&self, id: NodeId) -> Option<&NodeKind<'s>> {
        self.expression.kind(id)
    }

    pub(super) fn slice(&self, span: Span) -> &'s str {
        self.expression.slice(span)
    }

    /// The expression whose root is the node pushed last.
    pub(super) fn finish(self) -> Expression<'s> {
        self.expression
    }
}
