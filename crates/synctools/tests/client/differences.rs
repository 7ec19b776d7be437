//! Where this client does something else than the original, on purpose.

/// What this client does.
pub(crate) enum Ours {
    /// It fails, and the database is as it was.
    Refuses,
    /// It goes well, and these are the tables afterwards.
    Loads(&'static str),
}

/// A case that ends otherwise than with Python.
pub(crate) struct Difference {
    pub(crate) case: &'static str,
    pub(crate) ours: Ours,
    /// As in `differences.md`.
    pub(crate) why: &'static str,
}

pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        case: "binary-bad-b64",
        ours: Ours::Refuses,
        why: "Bytes that are not base64 fail the sync; Python silently stores none.",
    },
    Difference {
        case: "char-object",
        ours: Ours::Refuses,
        why: "An object or a list for a text fails the sync; Python stores its own notation, `{'a': 1}`.",
    },
    Difference {
        case: "clean-cascades-to-rows-saved-earlier",
        ours: Ours::Loads(
            r#"{"OLD_Legacy":[{"LEG_CODE":"x","legacy value":1,"cat_ref":1}],"lab_category":[{"id":1,"slug":"a"}]}"#,
        ),
        why: "Rows that came are never removed; with Python a later `clean` of the parent takes the child along that was saved a moment before.",
    },
    Difference {
        case: "clean-set-null",
        ours: Ours::Loads(
            r#"{"lab_author":[{"id":"00000000000000000000000000000001","name":"n","photo":"","cv":""}],"lab_blog":[{"id":1,"title":"t","slug":"s","owner_id":"00000000000000000000000000000001"}]}"#,
        ),
        why: "A row that came again is updated in its place, so that what refers to it still does; Python removes it first and sets the reference to NULL.",
    },
    Difference {
        case: "fk-missing-parent",
        ours: Ours::Loads(
            r#"{"lab_node":[{"id":5,"name":"c","parent_id":10},{"id":10,"name":"r"}]}"#,
        ),
        why: "References are checked when all has come, so that a row may come before the one it refers to.",
    },
    Difference {
        case: "m2m-missing-target",
        ours: Ours::Refuses,
        why: "A pair without its target fails the sync as a whole; Python keeps the owner.",
    },
    Difference {
        case: "m2m-null",
        ours: Ours::Refuses,
        why: "A bad list fails the sync as a whole; Python keeps the rows before it.",
    },
    Difference {
        case: "partial-save-before-error",
        ours: Ours::Refuses,
        why: "A unique value that comes twice fails the sync as a whole; Python keeps the rows before it.",
    },
    Difference {
        case: "unique-swap-without-clean-fails",
        ours: Ours::Loads(r#"{"lab_category":[{"id":1,"slug":"b"},{"id":2,"slug":"a"}]}"#),
        why: "Rows may swap values that are unique.",
    },
    Difference {
        case: "unknown-field",
        ours: Ours::Refuses,
        why: "An unknown field fails the sync as a whole, unless it is to be left out; Python keeps the rows before it.",
    },
    Difference {
        case: "unknown-model",
        ours: Ours::Refuses,
        why: "An unknown model fails the sync as a whole, unless it is to be left out; Python keeps the rows before it.",
    },
];
