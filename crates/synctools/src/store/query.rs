//! Which rows are read.

use crate::schema::Label;
use crate::value::Value;

/// Which rows of one model are read, and in which order.
///
/// ```
/// use synctools::store::{Condition, Query};
///
/// let query = Query::model("lab.blog".parse()?)
///     .filter(Condition::equals("slug", "first"))
///     .order_by("-id")
///     .limit(10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Fields are named as in the model; `pk` is the primary key whatever its name.
/// A value of text stands for what it says where a field is of another kind:
/// `"7"` for the key 7.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Query {
    /// The model. With the label of a proxy, the rows of the table that it uses.
    pub model: Label,
    /// All of these hold for every row.
    pub filter: Vec<Condition>,
    /// The order; the primary key decides where it does not, and where there is
    /// none.
    pub order: Vec<Order>,
    /// How many rows at the beginning are left out.
    pub offset: u64,
    /// How many rows at most.
    pub limit: Option<u64>,
}

impl Query {
    /// All rows of a model, by primary key.
    pub fn model(model: Label) -> Self {
        Self {
            model,
            filter: Vec::new(),
            order: Vec::new(),
            offset: 0,
            limit: None,
        }
    }

    /// Only rows for which this holds too.
    #[must_use]
    pub fn filter(mut self, condition: Condition) -> Self {
        self.filter.push(condition);
        self
    }

    /// Adds an order, as Django writes it: the name of a field, with `-` in
    /// front of it for the largest first.
    #[must_use]
    pub fn order_by(mut self, field: &str) -> Self {
        self.order.push(match field.strip_prefix('-') {
            Some(field) => Order {
                field: field.into(),
                descending: true,
            },
            None => Order {
                field: field.into(),
                descending: false,
            },
        });
        self
    }

    /// Leaves out this many rows at the beginning.
    #[must_use]
    pub fn offset(mut self, rows: u64) -> Self {
        self.offset = rows;
        self
    }

    /// No more rows than this.
    #[must_use]
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }
}

/// By which field rows are ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The field.
    pub field: String,
    /// The largest first.
    pub descending: bool,
}

/// What holds for a row.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Condition {
    /// A field compares like this with a value. Never true where the field is
    /// `NULL`, as in SQL.
    Compare {
        /// The field.
        field: String,
        /// How it compares.
        operator: Operator,
        /// With what.
        value: Value,
    },
    /// A field has one of these values.
    In {
        /// The field.
        field: String,
        /// The values.
        values: Vec<Value>,
    },
    /// A field is `NULL`.
    IsNull {
        /// The field.
        field: String,
    },
    /// All of these hold.
    All(Vec<Condition>),
    /// At least one of these holds.
    Any(Vec<Condition>),
    /// This does not hold; for fields that are `NULL` it holds neither way,
    /// except with [`Condition::IsNull`].
    Not(Box<Condition>),
}

impl Condition {
    /// A field has a value.
    pub fn equals(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::compare(field, Operator::Equal, value)
    }

    /// A field compares with a value.
    pub fn compare(field: impl Into<String>, operator: Operator, value: impl Into<Value>) -> Self {
        Self::Compare {
            field: field.into(),
            operator,
            value: value.into(),
        }
    }

    /// A field has one of these values.
    pub fn one_of<V: Into<Value>>(
        field: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self::In {
            field: field.into(),
            values: values.into_iter().map(Into::into).collect(),
        }
    }

    /// A field is `NULL`.
    pub fn is_null(field: impl Into<String>) -> Self {
        Self::IsNull {
            field: field.into(),
        }
    }

    /// The opposite.
    #[must_use]
    pub fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }
}

/// How a field compares with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operator {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Operator {
    /// In SQL.
    pub fn as_sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}
