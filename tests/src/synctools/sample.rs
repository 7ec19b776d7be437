//! A database as Django makes them, where there is no Django.

use std::path::Path;

use rusqlite::Connection;
use synctools::Schema;

use crate::Result;

/// What the crate's script would say of the models.
pub const SCHEMA: &str = include_str!("sample.json");

/// The models: categories, tags and products of the app `shop`.
///
/// # Errors
///
/// Never, as long as the file is as it was written.
pub fn schema() -> Result<Schema> {
    Ok(Schema::from_django_json(SCHEMA)?)
}

/// Makes a file with the tables, which are empty.
///
/// # Errors
///
/// When there is such a file already, or there cannot be one.
pub fn create(file: &Path) -> Result<()> {
    Connection::open(file)?.execute_batch(include_str!("sample.sql"))?;
    Ok(())
}

/// Puts so many products into the tables, with what they refer to.
///
/// # Errors
///
/// When they are there already.
pub fn fill(file: &Path, products: usize) -> Result<()> {
    let mut connection = Connection::open(file)?;
    let transaction = connection.transaction()?;
    for id in 1..=20 {
        transaction.execute(
            "INSERT INTO shop_category VALUES (?1, ?2)",
            (id, format!("category-{id}")),
        )?;
        transaction.execute(
            "INSERT INTO shop_tag VALUES (?1, ?2)",
            (id, format!("Tag {id} é")),
        )?;
    }
    {
        let mut product =
            transaction.prepare("INSERT INTO shop_product VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        let mut tag = transaction
            .prepare("INSERT INTO shop_product_tags (product_id, tag_id) VALUES (?1, ?2)")?;
        let mut chance = fastrand::Rng::with_seed(4);
        for id in 1..=products {
            // Some refer to one that comes later, and the last to itself.
            let successor = (id % 3 == 0).then(|| chance.usize(id..=products));
            product.execute((
                id,
                format!("Product {id}"),
                "What there is to be said of it, and a little more. ".repeat(chance.usize(1..6)),
                format!("{}.{:02}", chance.u32(1..900), chance.u32(..100)),
                format!(
                    "2024-{:02}-{:02} 12:00:00",
                    chance.u32(1..13),
                    chance.u32(1..29)
                ),
                1 + id % 20,
                successor,
            ))?;
            for number in 0..id % 4 {
                tag.execute((id, 1 + (id + number * 7) % 20))?;
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

/// Changes some products, takes some away, and adds one: how many there are.
///
/// # Errors
///
/// When there is no such database.
pub fn change(file: &Path) -> Result<u64> {
    let connection = Connection::open(file)?;
    connection.execute_batch(
        "UPDATE shop_product SET successor_id = NULL WHERE successor_id % 10 = 1;
         DELETE FROM shop_product_tags WHERE product_id % 10 = 1;
         DELETE FROM shop_product WHERE id % 10 = 1;
         UPDATE shop_product SET price = price + 1 WHERE id % 7 = 0;
         INSERT INTO shop_product SELECT max(id) + 1, 'The latest of all', '', 5, \
           '2025-01-01 00:00:00', 1, NULL FROM shop_product;",
    )?;
    Ok(connection.query_row("SELECT count(*) FROM shop_product", (), |row| row.get(0))?)
}

/// Everything in the tables, as text: pairs without keys of their own.
///
/// # Errors
///
/// When there is no such database.
pub fn contents(file: &Path) -> Result<Vec<String>> {
    const TABLES: &[(&str, &str)] = &[
        ("shop_category", "id, slug"),
        ("shop_tag", "id, name"),
        (
            "shop_product",
            "id, title, text, price, typeof(price), added, category_id, successor_id",
        ),
        ("shop_product_tags", "product_id, tag_id"),
    ];
    let connection = Connection::open(file)?;
    let mut found = Vec::new();
    for (table, columns) in TABLES {
        let sql = format!("SELECT json_array({columns}) FROM {table} ORDER BY {columns}");
        let mut statement = connection.prepare(&sql)?;
        let rows = statement.query_map((), |row| row.get::<_, String>(0))?;
        for row in rows {
            found.push(format!("{table} {}", row?));
        }
    }
    Ok(found)
}
