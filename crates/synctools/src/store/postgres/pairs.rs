//! The pairs of many-to-many fields.

use super::check;
use super::link::Link;
use crate::schema::{ManyToMany, Model};
use crate::store::sql::ident;
use crate::store::{ModelReport, StoreError};

/// Makes the pairs of a field those of the lists that came, which are in the
/// temporary table `stage`. Pairs that are there already keep their rows.
pub(super) async fn write(
    link: &Link,
    model: &Model,
    field: &ManyToMany,
    stage: &str,
    report: &mut ModelReport,
) -> Result<(), StoreError> {
    let located = |error| check::located(error, model, field);
    let through = ident(field.table());
    let (from, to) = (ident(field.from_column()), ident(field.to_column()));
    // Of lists that came twice, the last.
    link.run(&format!(
        "CREATE INDEX ON {stage} (owner, target); ANALYZE {stage}; \
         DELETE FROM {stage} s USING (SELECT owner, max(n) AS n FROM {stage} WHERE pos = 0 \
         GROUP BY owner HAVING count(*) > 1) l WHERE s.owner = l.owner AND s.n < l.n"
    ))
    .await
    .map_err(located)?;
    let want = if field.is_symmetrical() {
        // Both rows of a pair may have come with a list: the later one decides.
        format!(
            "(SELECT owner, target, n, pos, 0 AS half FROM {stage} p WHERE pos > 0 AND {kept} \
             UNION ALL SELECT target, owner, n, pos, 1 FROM {stage} p WHERE pos > 0 AND {kept})",
            kept = format_args!(
                "NOT EXISTS (SELECT 1 FROM {stage} w WHERE w.pos = 0 AND w.owner = p.target \
                 AND w.n > p.n AND NOT EXISTS (SELECT 1 FROM {stage} q WHERE q.owner = w.owner \
                 AND q.target = p.owner))"
            )
        )
    } else {
        format!("(SELECT owner, target, n, pos, 0 AS half FROM {stage} WHERE pos > 0)")
    };
    let wanted = format!("{stage}_want");
    let owned = match field.is_symmetrical() {
        true => format!(
            "(x.{from} IN (SELECT owner FROM {stage} WHERE pos = 0) \
             OR x.{to} IN (SELECT owner FROM {stage} WHERE pos = 0))"
        ),
        false => format!("x.{from} IN (SELECT owner FROM {stage} WHERE pos = 0)"),
    };
    link.run(&format!(
        "CREATE TEMPORARY TABLE {wanted} ON COMMIT DROP AS SELECT DISTINCT ON (owner, target) \
         owner, target, n, half, pos FROM {want} p ORDER BY owner, target, n, half, pos; \
         ANALYZE {wanted}"
    ))
    .await
    .map_err(located)?;
    report.pairs_removed += link
        .execute(&format!(
            "DELETE FROM {through} x WHERE {owned} AND NOT EXISTS (SELECT 1 FROM {wanted} p \
             WHERE p.owner = x.{from} AND p.target = x.{to})"
        ))
        .await
        .map_err(located)?;
    report.pairs_added += link
        .execute(&format!(
            "INSERT INTO {through} ({from}, {to}) SELECT owner, target FROM {wanted} p \
             WHERE NOT EXISTS (SELECT 1 FROM {through} x WHERE x.{from} = p.owner \
             AND x.{to} = p.target) ORDER BY n, half, pos"
        ))
        .await
        .map_err(located)?;
    Ok(())
}
