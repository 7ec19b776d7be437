//! Names of models.

use std::fmt;
use std::str::FromStr;

/// The name of a model, `app.model`, with the model's part in lower case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label {
    text: Box<str>,
    dot: usize,
}

/// A text that is not the name of a model: there is not exactly one dot in it,
/// or nothing on one side of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a model (app.model): {0:?}")]
pub struct InvalidLabel(pub(crate) Box<str>);

impl Label {
    /// `app.model`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The app, as it is written: it is case-sensitive.
    pub fn app_label(&self) -> &str {
        &self.text[..self.dot]
    }

    /// The model, in lower case.
    pub fn model_name(&self) -> &str {
        &self.text[self.dot + 1..]
    }
}

impl FromStr for Label {
    type Err = InvalidLabel;

    fn from_str(text: &str) -> Result<Self, InvalidLabel> {
        match text.split_once('.') {
            Some((app, model)) if !app.is_empty() && !model.is_empty() && !model.contains('.') => {
                Ok(Self {
                    dot: app.len(),
                    text: format!("{app}.{}", model.to_lowercase()).into(),
                })
            }
            _ => Err(InvalidLabel(text.into())),
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl PartialEq<str> for Label {
    fn eq(&self, other: &str) -> bool {
        &*self.text == other
    }
}

impl PartialEq<&str> for Label {
    fn eq(&self, other: &&str) -> bool {
        &*self.text == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_of_the_model_is_the_same_in_any_case() {
        let label: Label = "Blog.BlogPost".parse().unwrap();
        assert_eq!(label, "Blog.blogpost");
        assert_eq!(
            (label.app_label(), label.model_name()),
            ("Blog", "blogpost")
        );
    }

    #[test]
    fn a_label_has_one_dot() {
        for text in ["", "blog", ".post", "blog.", "a.b.c"] {
            assert!(text.parse::<Label>().is_err(), "{text}");
        }
    }
}
