//! From what was written down to a schema: names are looked up, and relations
//! take over what they point to.

use std::collections::HashMap;
use std::sync::Arc;

use crate::schema::build::{FieldBuilder, ManyToManyBuilder, ModelBuilder, Target};
use crate::schema::model::Place;
use crate::schema::natural;
use crate::schema::{
    Field, FieldIndex, FieldKind, ForeignKey, Inner, Label, ManyToMany, ManyToManyIndex, Model,
    ModelId, Parent, Schema, SchemaError,
};

/// Puts models together.
pub(super) struct Build {
    specs: Vec<ModelBuilder>,
    labels: Vec<Label>,
    by_label: HashMap<Label, ModelId>,
}

impl Build {
    pub(super) fn run(mut specs: Vec<ModelBuilder>) -> Result<Schema, SchemaError> {
        let mut labels = Vec::with_capacity(specs.len());
        let mut by_label = HashMap::with_capacity(specs.len());
        for (i, spec) in specs.iter_mut().enumerate() {
            let label = label(&spec.label)?;
            let id = ModelId(u16::try_from(i).map_err(|_| SchemaError::TooMany)?);
            if by_label.insert(label.clone(), id).is_some() {
                return Err(SchemaError::DuplicateModel(label));
            }
            if spec.proxy_for.is_none() && spec.fields.iter().all(|field| !field.primary_key) {
                let id = FieldBuilder::new("id", FieldKind::BigAuto).primary_key();
                spec.fields.insert(0, id);
            }
            labels.push(label);
        }
        let mut build = Self {
            specs,
            labels,
            by_label,
        };
        build.unfold_proxies()?;
        let mut models = (0..build.specs.len())
            .map(|i| build.model(i))
            .collect::<Result<Vec<Model>, SchemaError>>()?;
        let mut keys = Vec::new();
        for (model, spec) in models.iter().zip(&build.specs) {
            if let Some(names) = &spec.natural_key {
                keys.push((model.id(), names.iter().map(String::as_str).collect()));
            }
        }
        natural::set(&mut models, &keys)?;
        Ok(Schema {
            inner: Arc::new(Inner {
                models,
                by_label: build.by_label,
            }),
        })
    }

    /// Gives every proxy the table and the fields of what it stands for.
    fn unfold_proxies(&mut self) -> Result<(), SchemaError> {
        for i in 0..self.specs.len() {
            let mut at = i;
            let mut steps = 0;
            while let Some(target) = self.specs[at].proxy_for.clone() {
                at = self.find(&self.labels[i], "proxy_for", &target)?.get();
                steps += 1;
                if steps > self.specs.len() {
                    return Err(SchemaError::Circle {
                        model: self.labels[i].clone(),
                        field: "proxy_for".to_owned(),
                    });
                }
            }
            if at == i {
                continue;
            }
            let target = self.specs[at].clone();
            let table = target
                .table
                .unwrap_or_else(|| default_table(&self.labels[at]));
            let proxy = &mut self.specs[i];
            proxy.table = Some(table);
            proxy.fields = target.fields;
            proxy.many_to_many = target.many_to_many;
            proxy.parents = target.parents;
            proxy.computed = target.computed;
            for field in &mut proxy.many_to_many {
                // Named after the model that has them.
                let owner = &self.labels[at];
                let to = label(&field.to)?;
                field.table.get_or_insert_with(|| {
                    format!(
                        "{}_{}",
                        proxy.table.as_deref().unwrap_or_default(),
                        field.name
                    )
                });
                field
                    .columns
                    .get_or_insert_with(|| default_columns(owner, &to));
                field.symmetrical.get_or_insert(*owner == to);
            }
        }
        Ok(())
    }

    fn find(&self, model: &Label, field: &str, to: &str) -> Result<ModelId, SchemaError> {
        let to = label(to)?;
        self.by_label
            .get(&to)
            .copied()
            .ok_or_else(|| SchemaError::UnknownTarget {
                model: model.clone(),
                field: field.to_owned(),
                to: to.to_string(),
            })
    }

    fn model(&self, i: usize) -> Result<Model, SchemaError> {
        let spec = &self.specs[i];
        let label = &self.labels[i];
        let table = spec.table.clone().unwrap_or_else(|| default_table(label));
        let mut by_name = HashMap::new();
        let mut columns = std::collections::HashSet::new();
        let mut fields = Vec::with_capacity(spec.fields.len());
        let mut pk = None;
        for (at, field) in spec.fields.iter().enumerate() {
            let index = FieldIndex(u16::try_from(at).map_err(|_| SchemaError::TooMany)?);
            let built = self.field(label, index, field)?;
            if by_name
                .insert(built.name.clone(), Place::Field(index))
                .is_some()
                || !columns.insert(built.column.clone())
            {
                return Err(SchemaError::DuplicateField {
                    model: label.clone(),
                    name: field.name.clone(),
                });
            }
            if built.primary_key && pk.replace(index).is_some() {
                return Err(SchemaError::PrimaryKey(label.clone()));
            }
            fields.push(built);
        }
        let pk = pk.ok_or_else(|| SchemaError::PrimaryKey(label.clone()))?;
        // Django knows relations by `owner_id` as well, unless something else
        // is called so.
        for field in fields.iter().filter(|field| field.relation.is_some()) {
            by_name
                .entry(format!("{}_id", field.name).into())
                .or_insert(Place::Field(field.index));
        }
        let mut many_to_many = Vec::with_capacity(spec.many_to_many.len());
        for (at, field) in spec.many_to_many.iter().enumerate() {
            let index = ManyToManyIndex(u16::try_from(at).map_err(|_| SchemaError::TooMany)?);
            let from_kind = &fields[pk.get()].kind;
            let built = self.pairs(label, &table, from_kind, index, field)?;
            let taken = by_name.insert(built.name.clone(), Place::ManyToMany(index));
            if taken.is_some() && spec.fields.iter().any(|other| other.name == field.name)
                || many_to_many
                    .iter()
                    .any(|other: &ManyToMany| other.name == built.name)
            {
                return Err(SchemaError::DuplicateField {
                    model: label.clone(),
                    name: field.name.clone(),
                });
            }
            many_to_many.push(built);
        }
        let mut parents = Vec::with_capacity(spec.parents.len());
        for (to, field) in &spec.parents {
            let to = self::label(to)?;
            let Some(Place::Field(field)) = by_name.get(field.as_str()).copied() else {
                return Err(SchemaError::UnknownTarget {
                    model: label.clone(),
                    field: field.clone(),
                    to: to.to_string(),
                });
            };
            parents.push(Parent {
                model: self.by_label.get(&to).copied(),
                to,
                field,
            });
        }
        Ok(Model {
            id: self.by_label[label],
            label: label.clone(),
            table: table.into(),
            fields,
            pk,
            many_to_many,
            parents,
            proxy_for: spec.proxy_for.as_deref().map(self::label).transpose()?,
            computed: spec
                .computed
                .iter()
                .map(|name| name.as_str().into())
                .collect(),
            natural_key: None,
            by_name,
        })
    }

    fn field(
        &self,
        model: &Label,
        index: FieldIndex,
        spec: &FieldBuilder,
    ) -> Result<Field, SchemaError> {
        let relation = match &spec.to {
            Some(target) => Some(self.relation(model, spec, target)?),
            None => None,
        };
        let column = match &spec.column {
            Some(column) => column.clone(),
            None if spec.to.is_some() => format!("{}_id", spec.name),
            None => spec.name.clone(),
        };
        Ok(Field {
            index,
            name: spec.name.as_str().into(),
            column: column.into(),
            kind: self.kind(model, spec, 0)?,
            null: spec.null,
            unique: spec.unique,
            primary_key: spec.primary_key,
            serialize: spec.serialize,
            default: spec.default.clone(),
            relation,
            db_type: spec.db_type.as_deref().map(Into::into),
        })
    }

    /// What a field holds: for a relation, what the field it points to holds.
    fn kind(
        &self,
        model: &Label,
        spec: &FieldBuilder,
        depth: usize,
    ) -> Result<FieldKind, SchemaError> {
        let Some(target) = &spec.to else {
            return spec.kind.clone().ok_or(SchemaError::TooMany);
        };
        if depth > self.specs.len() {
            return Err(SchemaError::Circle {
                model: model.clone(),
                field: spec.name.clone(),
            });
        }
        let to = label(&target.label)?;
        match (self.by_label.get(&to), &spec.kind) {
            (Some(id), _) => {
                let field = self.target_field(model, spec, target, *id)?;
                Ok(match self.kind(&to, field, depth + 1)? {
                    FieldKind::SmallAuto => FieldKind::SmallInteger,
                    FieldKind::Auto => FieldKind::Integer,
                    FieldKind::BigAuto => FieldKind::BigInteger,
                    kind => kind,
                })
            }
            (None, Some(kind)) => Ok(kind.clone()),
            (None, None) => Err(SchemaError::UnknownTarget {
                model: model.clone(),
                field: spec.name.clone(),
                to: to.to_string(),
            }),
        }
    }

    fn target_field<'a>(
        &'a self,
        model: &Label,
        spec: &FieldBuilder,
        target: &Target,
        id: ModelId,
    ) -> Result<&'a FieldBuilder, SchemaError> {
        let fields = &self.specs[id.get()].fields;
        let found = match &target.field {
            Some(name) => fields.iter().find(|field| field.name == *name),
            None => fields.iter().find(|field| field.primary_key),
        };
        found.ok_or_else(|| SchemaError::UnknownTarget {
            model: model.clone(),
            field: spec.name.clone(),
            to: format!(
                "{}.{}",
                target.label,
                target.field.as_deref().unwrap_or("pk")
            ),
        })
    }

    fn relation(
        &self,
        model: &Label,
        spec: &FieldBuilder,
        target: &Target,
    ) -> Result<ForeignKey, SchemaError> {
        let to = label(&target.label)?;
        let id = self.by_label.get(&to).copied();
        let (field, column, table) = match id {
            Some(id) => {
                let field = self.target_field(model, spec, target, id)?;
                let column = match &field.column {
                    Some(column) => column.clone(),
                    None if field.to.is_some() => format!("{}_id", field.name),
                    None => field.name.clone(),
                };
                let table = self.specs[id.get()].table.clone();
                (
                    field.name.clone(),
                    column,
                    table.unwrap_or_else(|| default_table(&to)),
                )
            }
            None => {
                let column = target.column.clone().unwrap_or_else(|| "id".to_owned());
                (
                    target.field.clone().unwrap_or_else(|| column.clone()),
                    column,
                    target.table.clone().unwrap_or_else(|| default_table(&to)),
                )
            }
        };
        Ok(ForeignKey {
            to,
            model: id,
            to_field: field.into(),
            to_column: column.into(),
            to_table: table.into(),
            one_to_one: target.one_to_one,
        })
    }

    fn pairs(
        &self,
        model: &Label,
        table: &str,
        from_kind: &FieldKind,
        index: ManyToManyIndex,
        spec: &ManyToManyBuilder,
    ) -> Result<ManyToMany, SchemaError> {
        let mut reference = FieldBuilder::foreign_key(spec.name.clone(), spec.to.clone());
        if let Some((table, column, kind)) = spec.outside.clone() {
            reference = reference.outside(table, column, kind);
        }
        let to_kind = self.kind(model, &reference, 0)?;
        let target = reference.to.clone().ok_or(SchemaError::TooMany)?;
        let relation = self.relation(model, &reference, &target)?;
        let (from_column, to_column) = spec
            .columns
            .clone()
            .unwrap_or_else(|| default_columns(model, &relation.to));
        let from_kind = match from_kind {
            FieldKind::SmallAuto => FieldKind::SmallInteger,
            FieldKind::Auto => FieldKind::Integer,
            FieldKind::BigAuto => FieldKind::BigInteger,
            kind => kind.clone(),
        };
        Ok(ManyToMany {
            index,
            name: spec.name.as_str().into(),
            table: match &spec.table {
                Some(table) => table.as_str().into(),
                None => format!("{table}_{}", spec.name).into(),
            },
            from_column: from_column.into(),
            to_column: to_column.into(),
            from_kind,
            to_kind,
            symmetrical: spec.symmetrical.unwrap_or(relation.to == *model),
            to: relation.to,
            model: relation.model,
            to_pk_column: relation.to_column,
            to_table: relation.to_table,
            through: spec.through,
        })
    }
}

fn label(text: &str) -> Result<Label, SchemaError> {
    text.parse()
        .map_err(|_| SchemaError::Label(text.to_owned()))
}

fn default_table(label: &Label) -> String {
    format!("{}_{}", label.app_label(), label.model_name())
}

fn default_columns(from: &Label, to: &Label) -> (String, String) {
    if from == to {
        let name = from.model_name();
        (format!("from_{name}_id"), format!("to_{name}_id"))
    } else {
        (
            format!("{}_id", from.model_name()),
            format!("{}_id", to.model_name()),
        )
    }
}
