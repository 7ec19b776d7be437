//! The language of conditions.

use std::fmt;
use std::ops::Not;
use std::sync::Arc;

use regex_lite::{Regex, RegexBuilder};

use super::QueryError;
use super::path::{FieldPath, elements, text};
use super::value::Operand;

/// Names a field, to make a [`Condition`] of. See [`FieldPath`] for paths.
///
/// ```
/// use contentstack_sync::query::field;
///
/// let wanted = field("featured").eq(true)
///     & (field("seo.score").ge(0.5) | field("sections.hero.headline").exists())
///     & !field("title").starts_with("Draft");
/// ```
pub fn field(path: impl Into<FieldPath>) -> Field {
    Field(path.into())
}

/// A field that a condition is about: see [`field`].
///
/// A path may lead to several values, and a value may be a list. A condition
/// holds if it holds for any of those values, or for any element of one that
/// is a list. A field that is not there fulfils nothing but
/// [`missing`](Self::missing) and what is a negation: [`ne`](Self::ne),
/// [`not_contained_in`](Self::not_contained_in), and `!`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field(FieldPath);

impl Field {
    /// Equal to this value.
    pub fn eq(self, value: impl Into<Operand>) -> Condition {
        self.test(Test::Compare(Comparison::Equal, value.into()))
    }

    /// Not equal to this value: the opposite of [`eq`](Self::eq), so also true
    /// for a field that is not there.
    pub fn ne(self, value: impl Into<Operand>) -> Condition {
        !self.eq(value)
    }

    /// Less than this value, or before it.
    pub fn lt(self, value: impl Into<Operand>) -> Condition {
        self.test(Test::Compare(Comparison::Less, value.into()))
    }

    /// Less than this value, or equal to it.
    pub fn le(self, value: impl Into<Operand>) -> Condition {
        self.test(Test::Compare(Comparison::LessOrEqual, value.into()))
    }

    /// Greater than this value, or after it.
    pub fn gt(self, value: impl Into<Operand>) -> Condition {
        self.test(Test::Compare(Comparison::Greater, value.into()))
    }

    /// Greater than this value, or equal to it.
    pub fn ge(self, value: impl Into<Operand>) -> Condition {
        self.test(Test::Compare(Comparison::GreaterOrEqual, value.into()))
    }

    /// Equal to one of these values.
    pub fn contained_in<V: Into<Operand>>(self, values: impl IntoIterator<Item = V>) -> Condition {
        self.test(Test::OneOf(values.into_iter().map(Into::into).collect()))
    }

    /// Equal to none of these values: the opposite of
    /// [`contained_in`](Self::contained_in).
    pub fn not_contained_in<V: Into<Operand>>(
        self,
        values: impl IntoIterator<Item = V>,
    ) -> Condition {
        !self.contained_in(values)
    }

    /// There, whatever its value; `null` counts.
    pub fn exists(self) -> Condition {
        self.test(Test::Exists)
    }

    /// Not there.
    pub fn missing(self) -> Condition {
        !self.exists()
    }

    /// A text that this expression matches somewhere in it.
    ///
    /// The syntax is that of the crate `regex-lite`: without look-around and
    /// back-references, in linear time, and with classes such as `\w` and the
    /// flag `(?i)` for ASCII alone. For more, use [`matches`](Self::matches)
    /// with an expression of any other crate.
    ///
    /// An expression that is none makes the query fail with
    /// [`QueryError::Regex`].
    pub fn regex(self, expression: &str) -> Condition {
        let compiled = RegexBuilder::new(expression).build();
        self.test(match compiled {
            Ok(regex) => Test::Regex(regex),
            Err(error) => Test::BadRegex {
                expression: expression.into(),
                reason: error.to_string().into(),
            },
        })
    }

    /// A text that begins with this one.
    pub fn starts_with(self, start: impl Into<String>) -> Condition {
        let start = start.into();
        self.matches(move |text| text.starts_with(&start))
    }

    /// A text in which this one is found.
    pub fn contains(self, part: impl Into<String>) -> Condition {
        let part = part.into();
        self.matches(move |text| text.contains(&part))
    }

    /// A text for which `test` says yes.
    pub fn matches(self, test: impl Fn(&str) -> bool + Send + Sync + 'static) -> Condition {
        self.test(Test::Text(Arc::new(test)))
    }

    /// A reference to an entry that fulfils `condition`, in the locale of the
    /// query or in one that it falls back to. (DataSync: `queryReferences`.)
    pub fn refers_to(self, condition: Condition) -> Condition {
        self.test(Test::RefersTo(Box::new(condition)))
    }

    fn test(self, test: Test) -> Condition {
        Condition(Kind::Field(self.0, test))
    }
}

/// What an entry or asset has to fulfil: made from [`field`]s, and combined
/// with `&`, `|` and `!`, or with [`all`](Self::all) and [`any`](Self::any).
#[derive(Clone)]
#[must_use]
pub struct Condition(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    Field(FieldPath, Test),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
}

#[derive(Clone)]
pub(crate) enum Test {
    Compare(Comparison, Operand),
    OneOf(Vec<Operand>),
    Exists,
    Regex(Regex),
    BadRegex {
        expression: Box<str>,
        reason: Box<str>,
    },
    Text(Arc<dyn Fn(&str) -> bool + Send + Sync>),
    RefersTo(Box<Condition>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Condition {
    /// All of these; true if there are none.
    pub fn all(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self(Kind::All(conditions.into_iter().collect()))
    }

    /// Any of these; false if there are none.
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self(Kind::Any(conditions.into_iter().collect()))
    }

    /// Both.
    pub fn and(self, other: Self) -> Self {
        self & other
    }

    /// At least one of the two.
    pub fn or(self, other: Self) -> Self {
        self | other
    }

    /// Tagged with at least one of these.
    pub fn tags<T: Into<Operand>>(tags: impl IntoIterator<Item = T>) -> Self {
        field("tags").contained_in(tags)
    }

    /// Whether some data fulfils it. A condition on what it refers to holds for
    /// nothing here, since only a mirror knows that.
    ///
    /// # Errors
    ///
    /// [`QueryError::Regex`].
    pub fn holds(&self, data: &crate::model::RawJson) -> Result<bool, QueryError> {
        self.check()?;
        Ok(self.eval(data.as_str(), &|_, _| false))
    }

    /// Finds the first mistake in it.
    pub(crate) fn check(&self) -> Result<(), QueryError> {
        match &self.0 {
            Kind::Field(_, Test::BadRegex { expression, reason }) => Err(QueryError::Regex {
                expression: expression.to_string(),
                reason: reason.to_string(),
            }),
            Kind::Field(_, Test::RefersTo(inner)) | Kind::Not(inner) => inner.check(),
            Kind::Field(..) => Ok(()),
            Kind::All(list) | Kind::Any(list) => list.iter().try_for_each(Self::check),
        }
    }

    /// Whether `data` fulfils it. `refers` is asked whether a value of a
    /// reference field refers to something that fulfils a condition.
    pub(crate) fn eval(&self, data: &str, refers: &dyn Fn(&str, &Condition) -> bool) -> bool {
        match &self.0 {
            Kind::All(list) => list.iter().all(|condition| condition.eval(data, refers)),
            Kind::Any(list) => list.iter().any(|condition| condition.eval(data, refers)),
            Kind::Not(condition) => !condition.eval(data, refers),
            Kind::Field(path, test) => {
                let mut found = false;
                path.each(data, &mut |value| {
                    found = test.holds(value, refers)
                        || (value.starts_with('[')
                            && elements(value).any(|element| test.holds(element, refers)));
                    !found
                });
                found
            }
        }
    }

    /// Shows every condition in it on a referenced entry, with its place.
    pub(crate) fn on_references<'c>(&'c self, show: &mut dyn FnMut(&'c FieldPath, &'c Condition)) {
        match &self.0 {
            Kind::Field(path, Test::RefersTo(condition)) => show(path, condition),
            Kind::Field(..) => {}
            Kind::Not(condition) => condition.on_references(show),
            Kind::All(list) | Kind::Any(list) => {
                for condition in list {
                    condition.on_references(show);
                }
            }
        }
    }
}

impl Test {
    fn holds(&self, value: &str, refers: &dyn Fn(&str, &Condition) -> bool) -> bool {
        match self {
            Self::Compare(comparison, operand) => {
                operand
                    .compare(value)
                    .is_some_and(|order| match comparison {
                        Comparison::Equal => order.is_eq(),
                        Comparison::Less => order.is_lt(),
                        Comparison::LessOrEqual => order.is_le(),
                        Comparison::Greater => order.is_gt(),
                        Comparison::GreaterOrEqual => order.is_ge(),
                    })
            }
            Self::OneOf(operands) => operands.iter().any(|operand| {
                operand
                    .compare(value)
                    .is_some_and(std::cmp::Ordering::is_eq)
            }),
            Self::Exists => true,
            Self::Regex(regex) => text(value).is_some_and(|text| regex.is_match(&text)),
            Self::Text(test) => text(value).is_some_and(|text| test(&text)),
            Self::RefersTo(condition) => refers(value, condition),
            Self::BadRegex { .. } => false,
        }
    }
}

impl Not for Condition {
    type Output = Self;

    fn not(self) -> Self {
        match self.0 {
            Kind::Not(condition) => *condition,
            kind => Self(Kind::Not(Box::new(Self(kind)))),
        }
    }
}

impl std::ops::BitAnd for Condition {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        match self.0 {
            Kind::All(mut list) => {
                list.push(other);
                Self(Kind::All(list))
            }
            kind => Self::all([Self(kind), other]),
        }
    }
}

impl std::ops::BitOr for Condition {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        match self.0 {
            Kind::Any(mut list) => {
                list.push(other);
                Self(Kind::Any(list))
            }
            kind => Self::any([Self(kind), other]),
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Field(path, test) => write!(f, "{path} {test:?}"),
            Kind::All(list) => f.debug_tuple("all").field(list).finish(),
            Kind::Any(list) => f.debug_tuple("any").field(list).finish(),
            Kind::Not(condition) => f.debug_tuple("not").field(condition).finish(),
        }
    }
}

impl fmt::Debug for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare(comparison, operand) => {
                let sign = match comparison {
                    Comparison::Equal => "=",
                    Comparison::Less => "<",
                    Comparison::LessOrEqual => "<=",
                    Comparison::Greater => ">",
                    Comparison::GreaterOrEqual => ">=",
                };
                write!(f, "{sign} {operand:?}")
            }
            Self::OneOf(operands) => write!(f, "in {operands:?}"),
            Self::Exists => f.write_str("exists"),
            Self::Regex(regex) => write!(f, "~ {:?}", regex.as_str()),
            Self::BadRegex { expression, .. } => write!(f, "~ {expression:?}"),
            Self::Text(_) => f.write_str("matches a function"),
            Self::RefersTo(condition) => write!(f, "refers to ({condition:?})"),
        }
    }
}
