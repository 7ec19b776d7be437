//! Which models come first.

use synctools::schema::{FieldBuilder, ModelBuilder, Schema};

/// The order of the models `a.…`, each with the models that it refers to: `?`
/// marks a reference that may be `NULL`, `*` a many-to-many one.
fn order(models: &[(&str, &[&str])]) -> Vec<String> {
    let mut builder = Schema::builder();
    for (name, references) in models {
        let mut model = ModelBuilder::new(format!("a.{name}"));
        for reference in *references {
            let to = format!("a.{}", reference.trim_end_matches(['?', '*']));
            let field = format!("to_{}", to.replace('.', "_"));
            model = match reference.as_bytes().last() {
                Some(b'?') => model.with(FieldBuilder::foreign_key(field, to).null()),
                Some(b'*') => model.many_to_many(field, to),
                _ => model.foreign_key(field, to),
            };
        }
        builder = builder.model(model);
    }
    let schema = builder.build().unwrap();
    schema
        .dependency_order()
        .into_iter()
        .map(|id| schema.get(id).unwrap().name().to_owned())
        .collect()
}

#[test]
fn what_is_free_keeps_its_order() {
    assert_eq!(
        order(&[("c", &[]), ("a", &[]), ("b", &[])]),
        ["c", "a", "b"]
    );
}

#[test]
fn parents_come_before_their_children() {
    assert_eq!(
        order(&[
            ("member", &["group", "user"]),
            ("group", &[]),
            ("user", &["group?"])
        ]),
        ["group", "user", "member"]
    );
    assert_eq!(order(&[("post", &["tag*"]), ("tag", &[])]), ["tag", "post"]);
}

#[test]
fn a_model_that_refers_to_itself_does_not_wait() {
    assert_eq!(
        order(&[("node", &["node"]), ("leaf", &["node"])]),
        ["node", "leaf"]
    );
}

#[test]
fn in_a_circle_what_may_be_null_is_given_up_first() {
    assert_eq!(order(&[("a", &["b"]), ("b", &["a?"])]), ["b", "a"]);
    assert_eq!(order(&[("a", &["b"]), ("b", &["a*"])]), ["b", "a"]);
    assert_eq!(order(&[("a", &["b?"]), ("b", &["a"])]), ["a", "b"]);
}

#[test]
fn in_a_circle_of_needs_the_first_is_first() {
    assert_eq!(
        order(&[("a", &["b"]), ("b", &["c"]), ("c", &["a"]), ("d", &["c"])]),
        ["a", "c", "b", "d"]
    );
}

#[test]
fn what_stands_before_a_circle_still_comes_first() {
    assert_eq!(
        order(&[("a", &["b", "root"]), ("b", &["a"]), ("root", &[])]),
        ["root", "a", "b"]
    );
}

#[test]
fn a_child_table_comes_after_its_parent() {
    let schema = Schema::builder()
        .model(ModelBuilder::new("a.restaurant").inherits("a.place"))
        .model(ModelBuilder::new("a.place"))
        .build()
        .unwrap();
    let order = schema.dependency_order();
    assert_eq!(order.first().copied(), schema.id("a.place"));
}

#[test]
fn only_the_models_that_are_asked_for_are_sorted() {
    let schema = Schema::builder()
        .model(ModelBuilder::new("a.child").foreign_key("parent", "a.parent"))
        .model(ModelBuilder::new("a.parent").foreign_key("other", "a.other"))
        .model(ModelBuilder::new("a.other"))
        .build()
        .unwrap();
    let [child, parent] = ["a.child", "a.parent"].map(|label| schema.id(label).unwrap());
    assert_eq!(schema.sort(&[child, parent]), [parent, child]);
}
