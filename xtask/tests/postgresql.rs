//! Servers that are started and ended, with what they leave behind.

use std::sync::Arc;

use xtask::peers::postgresql::{Cluster, Database, Durability, execute, present_or_skip};

#[test]
fn a_server_takes_sql_and_is_gone_with_its_value() {
    if !present_or_skip().unwrap() {
        return;
    }
    let cluster = Cluster::start(Durability::Process).unwrap();
    let url = cluster.url("postgres");
    execute(&url, "CREATE DATABASE scratch").unwrap();
    let scratch = cluster.url("scratch");
    execute(&scratch, "CREATE TABLE t (a int, b text)").unwrap();
    execute(&scratch, "INSERT INTO t VALUES (1, 'x'), (2, NULL)").unwrap();
    let rows = execute(&scratch, "SELECT * FROM t ORDER BY a").unwrap();
    assert_eq!(rows, "1|x\n2|\n");
    let process = std::path::PathBuf::from(format!("/proc/{}", cluster.pid()));
    assert!(process.exists());
    drop(cluster);
    assert!(!process.exists());
    assert!(execute(&url, "SELECT 1").is_err());
}

#[test]
fn two_servers_know_nothing_of_each_other() {
    if !present_or_skip().unwrap() {
        return;
    }
    let one = Cluster::start(Durability::Process).unwrap();
    let other = Cluster::start(Durability::Disk).unwrap();
    execute(&one.url("postgres"), "CREATE TABLE only_here (a int)").unwrap();
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'only_here'";
    assert_eq!(execute(&one.url("postgres"), tables).unwrap(), "1\n");
    assert_eq!(execute(&other.url("postgres"), tables).unwrap(), "0\n");
    let fsync = execute(&other.url("postgres"), "SHOW fsync").unwrap();
    assert_eq!(fsync, "on\n");
}

#[test]
fn a_database_on_a_server_that_stays_is_gone_with_its_value() {
    if !present_or_skip().unwrap() {
        return;
    }
    let cluster = Arc::new(Cluster::start(Durability::Process).unwrap());
    let server = cluster.url("postgres");
    let database = Database::create_on(Arc::clone(&cluster)).unwrap();
    let name = execute(database.url(), "SELECT current_database()").unwrap();
    let like = format!(
        "SELECT count(*) FROM pg_database WHERE datname = '{}'",
        name.trim()
    );
    assert_eq!(execute(&server, &like).unwrap(), "1\n");
    drop(database);
    assert_eq!(execute(&server, &like).unwrap(), "0\n");
}

#[test]
fn a_copy_has_what_the_other_had_and_goes_its_own_way() {
    let (Some(one), Some(other)) = (
        Database::create_or_skip().unwrap(),
        Database::create_or_skip().unwrap(),
    ) else {
        return;
    };
    execute(one.url(), "CREATE TABLE t AS SELECT 7 AS a").unwrap();
    other.become_copy_of(&one).unwrap();
    execute(one.url(), "UPDATE t SET a = 8").unwrap();
    assert_eq!(execute(other.url(), "SELECT a FROM t").unwrap(), "7\n");
}
