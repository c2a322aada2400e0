//! The functions that save and restore all variables: `spec/saved_model.md#save-and-restore`.

use super::checkpoint::Checkpoint;
use super::variables::SavedVariables;
use crate::error::Result;
use crate::graph::{Constant, Edge, Function, FunctionBuilder, Library};
use crate::proto::tensorflow::DataType;

/// Writes a checkpoint with the prefix it is given.
///
/// On file systems of objects, which cannot rename, parts are written beside the checkpoint.
pub(super) fn save_function(
    library: &mut Library,
    checkpoint: &Checkpoint,
    variables: &SavedVariables<'_>,
    device: Option<&str>,
) -> Result<Function> {
    let mut function = library.begin("_traced_save");
    let prefix = function.argument("file_prefix", DataType::DT_STRING);
    let resources = resources(
        &mut function,
        checkpoint,
        variables,
        "read_disablecopyonread",
    );
    let graph = function.argument("savev2_const", DataType::DT_STRING);
    function.place_on(device);
    let shard = shard_name(&mut function, &prefix)?;
    let mut tensors = Vec::new();
    for ((id, _), resource) in checkpoint.entries.iter().zip(&resources) {
        tensors.push(function.read(resource, variables.dtype(*id).into())?);
    }
    tensors.push(graph);
    let [names, slices] = names_and_slices(&mut function, checkpoint);
    let save = function.op("SaveV2").input(&shard).input(&names);
    let save = save.input(&slices).list(&tensors).node()?;
    let pack = function.op("Pack").list([&shard]).after(&save);
    let prefixes = pack.named("MergeV2Checkpoints/checkpoint_prefixes").one()?;
    let merge = function.op("MergeV2Checkpoints");
    let merge = merge.input(&prefixes).input(&prefix).node()?;
    let done = function.op("Identity").input(&prefix).after(&merge).one()?;
    library.add(function, &[done])
}

/// `PREFIX_temp/part-00000-of-00001`.
fn shard_name(function: &mut FunctionBuilder, prefix: &Edge) -> Result<Edge> {
    let is_object_store = function.op("StaticRegexFullMatch").input(prefix);
    let is_object_store = is_object_store.attr("pattern", "^s3://.*").one()?;
    let part = function.constant(Constant::string(".part"));
    let temporary = function.constant(Constant::string("_temp/part"));
    let suffix = function.op("Select").input(&is_object_store);
    let suffix = suffix.input(&part).input(&temporary).one()?;
    let path = function.op("StringJoin").list([prefix, &suffix]).one()?;
    let (shard, shards) = (function.constant(0_i32), function.constant(1_i32));
    let name = function.op("ShardedFilename").input(&path);
    name.input(&shard).input(&shards).one()
}

/// Reads the checkpoint with the prefix it is given.
pub(super) fn restore_function(
    library: &mut Library,
    checkpoint: &Checkpoint,
    variables: &SavedVariables<'_>,
    device: Option<&str>,
) -> Result<Function> {
    let mut function = library.begin("_traced_restore");
    let prefix = function.argument("file_prefix", DataType::DT_STRING);
    let resources = resources(&mut function, checkpoint, variables, "assignvariableop");
    function.place_on(device);
    let [names, slices] = names_and_slices(&mut function, checkpoint);
    let ids = checkpoint.entries.iter();
    let types = ids.map(|(id, _)| DataType::from(variables.dtype(*id)));
    let types: Vec<DataType> = types.chain([DataType::DT_STRING]).collect();
    let restore = function.op("RestoreV2").input(&prefix).input(&names);
    let tensors = restore.input(&slices).attr("dtypes", types).all()?;
    for (resource, tensor) in resources.iter().zip(&tensors) {
        function.assign(resource, tensor)?;
    }
    library.add(function, &[prefix])
}

fn resources(
    function: &mut FunctionBuilder,
    checkpoint: &Checkpoint,
    variables: &SavedVariables<'_>,
    role: &str,
) -> Vec<Edge> {
    let mut resources = Vec::new();
    for (id, _) in &checkpoint.entries {
        let name = variables.get(*id).map_or("", |it| it.name.as_str());
        resources.push(function.argument(&format!("{role}_{name}"), DataType::DT_RESOURCE));
    }
    resources
}

/// The keys of the checkpoint; of each tensor, all of it.
fn names_and_slices(function: &mut FunctionBuilder, checkpoint: &Checkpoint) -> [Edge; 2] {
    let keys = checkpoint.keys();
    let slices = vec![""; keys.len()];
    [
        function.constant(Constant::strings(keys)),
        function.constant(Constant::strings(slices)),
    ]
}
