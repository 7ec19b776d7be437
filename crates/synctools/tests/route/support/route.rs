//! The paths that the recorded server had.

use synctools::route::{Answer, BoxError, ModelOrder, Queryset, Route, RouteBuilder};
use synctools::row::Row;
use synctools::schema::Schema;
use synctools::store::{Condition, Query, Store};
use synctools::value::Value;
use synctools::wire::Profile;

use super::http::TOKEN;

/// All rows of a model.
pub(crate) fn all(label: &str) -> Query {
    Query::model(label.parse().unwrap())
}

/// All paths, below `/sync/`.
pub(crate) fn builder(store: impl Store, schema: &Schema, profile: Profile) -> RouteBuilder {
    let made_up = schema.clone();
    Route::builder(store, schema.clone())
        .token(TOKEN)
        .prefix("/sync/")
        .profile(profile)
        .order(ModelOrder::Declared)
        .app("lab", "lab")
        .app("one-model", "lab.Category")
        .app("sites", "sites")
        .app("ctypes", "contenttypes")
        .queryset("bad-app", |_| Answer::app("nosuchapp"))
        .queryset("categories", |_| all("lab.category"))
        .queryset("authors", |_| all("lab.author"))
        .queryset("everything", |_| all("lab.everything"))
        .queryset("only", |_| all("lab.everything"))
        .queryset("nodes", |_| all("lab.node"))
        .queryset("children-only", |_| all("lab.restaurant"))
        .queryset("proxy", |_| all("lab.placeproxy"))
        .queryset("empty", |_| all("lab.empty"))
        .queryset("multi", |_| [all("lab.category"), all("lab.blog")])
        .queryset("tup", |_| [all("lab.author"), all("lab.empty")])
        .queryset("wrong-order", |_| {
            ["lab.blog", "lab.category", "lab.author"].map(all)
        })
        .queryset("sliced", |_| all("lab.category").limit(2))
        .queryset("nulled", |_| Queryset::new(all("lab.blog")).null("owner"))
        .queryset("blog/(?P<slug>[^/]+)", |args| {
            let slug = args.get("slug").unwrap();
            all("lab.blog").filter(Condition::equals("slug", Value::text(slug)))
        })
        .queryset("no-querysets", |_| Answer::new())
        .queryset("plain-list-of-lists", move |_| {
            [
                categories(&made_up, "unsaved", None),
                categories(&made_up, "fake", Some(77)),
            ]
        })
        .queryset("raises", |_| Err::<Query, BoxError>("it raises".into()))
        .queryset("values", |_| all("lab.category").order_by("no_such_field"))
}

/// A category that is in no table.
fn categories(schema: &Schema, slug: &str, pk: Option<i64>) -> Queryset {
    let model = schema.model("lab.category").unwrap();
    let mut row = Row::new(model);
    row.set(
        model.field_named("slug").unwrap().index(),
        Value::text(slug),
    );
    if let Some(pk) = pk {
        row.set(model.pk_index(), Value::Int(pk));
    }
    Queryset::objects([row])
}
