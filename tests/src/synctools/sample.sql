-- As Django lays them out in SQLite.
CREATE TABLE "shop_category" (
  "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "slug" varchar(50) NOT NULL UNIQUE
);
CREATE TABLE "shop_tag" (
  "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "name" varchar(50) NOT NULL
);
CREATE TABLE "shop_product" (
  "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "title" varchar(100) NOT NULL,
  "text" text NOT NULL,
  "price" decimal NOT NULL,
  "added" datetime NOT NULL,
  "category_id" integer NOT NULL REFERENCES "shop_category" ("id") DEFERRABLE INITIALLY DEFERRED,
  "successor_id" integer NULL REFERENCES "shop_product" ("id") DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE "shop_product_tags" (
  "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "product_id" integer NOT NULL REFERENCES "shop_product" ("id") DEFERRABLE INITIALLY DEFERRED,
  "tag_id" integer NOT NULL REFERENCES "shop_tag" ("id") DEFERRABLE INITIALLY DEFERRED
);
CREATE UNIQUE INDEX "shop_product_tags_uniq" ON "shop_product_tags" ("product_id", "tag_id");
CREATE INDEX "shop_product_category_id" ON "shop_product" ("category_id");
CREATE INDEX "shop_product_successor_id" ON "shop_product" ("successor_id");
CREATE INDEX "shop_product_tags_tag_id" ON "shop_product_tags" ("tag_id");
