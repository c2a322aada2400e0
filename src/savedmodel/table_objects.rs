//! Tables as objects: `spec/saved_model.md#tables`.

use super::assets::AssetId;
use super::layer_objects::LayerObjects;
use super::objects::{Kind, ObjectId};
use super::tables::{Initializer, TableId};
use super::variables::Capture;
use crate::error::Result;
use crate::graph::Function;
use crate::layers::InnerLayer;
use crate::tensor::Tensor;

impl LayerObjects<'_, '_> {
    /// Hangs tables on the layer at `path`, but for those of layers inside of it.
    pub(super) fn hang_tables(
        &mut self,
        path: &str,
        layer: ObjectId,
        inner: &[InnerLayer],
    ) -> Result<()> {
        for (name, id) in self.tracer.variables.tables.within(path) {
            let first = name.split('/').next();
            if !inner.iter().any(|it| Some(it.path.as_str()) == first) {
                let (table, file) = self.table(id)?;
                self.objects.own(layer, &name, table);
                if let Some(file) = file {
                    self.own_file(layer, file);
                }
            }
        }
        Ok(())
    }

    /// The object of a file from which an initializer fills a table.
    pub(super) fn asset(&mut self, asset: AssetId, initializer: ObjectId) -> ObjectId {
        let objects = &mut self.objects;
        let object = *self
            .of_captures
            .entry(Capture::Asset(asset))
            .or_insert_with(|| objects.add(Kind::Asset(asset)));
        self.objects.own(initializer, "_filename", object);
        object
    }

    /// Makes a file an attribute of a layer, too: when Keras saves what it loaded, it forgets what
    /// filled a table, but not what a layer has.
    pub(super) fn own_file(&mut self, layer: ObjectId, file: ObjectId) {
        const FILE: &str = "_vocabulary_file";
        let mut name = FILE.to_owned();
        let mut number = 0_u64;
        while self.objects.child(layer, &name).is_some() {
            number += 1;
            name = format!("{FILE}_{number}");
        }
        self.objects.own(layer, &name, file);
    }

    /// The object of a table, with the functions that make, fill and give it up; the file that fills
    /// it, if one does.
    fn table(&mut self, id: TableId) -> Result<(ObjectId, Option<ObjectId>)> {
        let object = self.objects.add(Kind::Resource);
        self.of_captures.insert(Capture::Table(id), object);
        let Some(table) = self.tracer.variables.tables.get(id) else {
            return Ok((object, None));
        };
        let initializer = self.objects.user("_generic_user_object");
        self.objects.own(object, "_initializer", initializer);
        let mut captures = Vec::new();
        let mut file = None;
        if let Some((name, vocabulary)) = &table.file {
            let lines = vocabulary.lines.clone();
            let shape = [u64::try_from(lines.len()).unwrap_or(u64::MAX)];
            let lines = Tensor::from_vec(lines, shape)?;
            let asset = self.assets.add(&format!("{name}.txt"), lines);
            captures.push(Capture::Asset(asset));
            file = Some(self.asset(asset, initializer));
        }
        captures.push(Capture::Table(id));
        let functions = table.functions(&mut self.tracer.library)?;
        self.table_functions(object, functions, captures);
        Ok((object, file))
    }

    /// Gives a table the functions that make it, fill it, and give it up.
    pub(super) fn table_functions(
        &mut self,
        table: ObjectId,
        [creator, initializer, destroyer]: [Function; 3],
        captures: Vec<Capture>,
    ) {
        self.initializers.push(Initializer {
            function: initializer.clone(),
            captures: captures.clone(),
        });
        let parts = [
            ("_create_resource", creator, Vec::new()),
            ("_initialize", initializer, captures),
            ("_destroy_resource", destroyer, Vec::new()),
        ];
        for (name, function, captures) in parts {
            let child = self.without_arguments(&function, captures);
            self.objects.own(table, name, child);
        }
    }
}
