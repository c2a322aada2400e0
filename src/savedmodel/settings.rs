//! What `tf.saved_model.SaveOptions` decides about a directory: `spec/saved_model.md#options`.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use super::layer_objects::LayerObjects;
use super::signatures::ServedSignature;
use crate::error::{Error, ErrorKind, Result};
use crate::options::{SavedModelOptions, VariablePolicy, Vocabularies};
use crate::proto::tensorflow::{FunctionDefLibrary, NodeDef};

/// The one device that variables of a file without devices are on.
const DEVICE: &str = "/job:localhost/replica:0/task:0/device:CPU:0";
const SERVE: &str = "serve";

/// The options, checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings<'o>(&'o SavedModelOptions);

impl<'o> Settings<'o> {
    /// Refuses what cannot be done.
    pub(super) fn new(options: &'o SavedModelOptions) -> Result<Self> {
        let refused = [
            (
                options.experimental_image_format,
                "experimental_image_format",
                "published versions of TensorFlow refuse it, too",
            ),
            (
                options.experimental_skip_saver,
                "experimental_skip_saver",
                "most programs could not load the variables",
            ),
            (
                options.experimental_debug_stripper,
                "experimental_debug_stripper",
                "no debug nodes are written",
            ),
        ];
        match refused.into_iter().find(|(is_given, ..)| *is_given) {
            Some((_, name, why)) => Err(Error::new(
                ErrorKind::Unsupported,
                format!("the option `{name}`: {why}"),
            )
            .with_hint("leave the option out")),
            None => Ok(Settings(options)),
        }
    }

    pub(super) fn tags(self) -> Vec<String> {
        let extra = self.0.extra_tags.iter().cloned();
        [SERVE.to_owned()].into_iter().chain(extra).collect()
    }

    /// Where variables are said to be.
    pub(super) fn variable_device(self) -> Option<String> {
        match self.0.experimental_variable_policy {
            VariablePolicy::None => None,
            VariablePolicy::SaveVariableDevices | VariablePolicy::ExpandDistributedVariables => {
                Some(DEVICE.to_owned())
            }
        }
    }

    /// Where variables are saved and restored.
    pub(super) fn io_device(self) -> Option<&'o str> {
        self.0.experimental_io_device.as_deref()
    }

    /// Into how many files `bytes` of variables go.
    pub(super) fn shards(self, bytes: u64) -> NonZeroU32 {
        let shards = self
            .0
            .shard_size
            .map_or(1, |size| bytes.div_ceil(size.get()));
        let shards = u32::try_from(shards).unwrap_or(u32::MAX);
        NonZeroU32::new(shards).unwrap_or(NonZeroU32::MIN)
    }

    /// Whether there is a file for stack traces.
    pub(super) fn has_debug_info(self) -> bool {
        self.0.save_debug_info
    }

    /// Where vocabularies are.
    pub(super) fn vocabularies(self) -> Vocabularies {
        self.0.vocabularies
    }

    /// The aliases of functions.
    pub(super) fn aliases(
        self,
        layers: &LayerObjects<'_, '_>,
        signatures: &[ServedSignature],
    ) -> Result<BTreeMap<String, String>> {
        let mut aliases = BTreeMap::new();
        for (alias, function) in &self.0.function_aliases {
            let signature = signatures.iter().find(|it| it.key == *function);
            let names: Vec<String> = match signature {
                Some(signature) => vec![signature.function.name.clone()],
                None => {
                    let traced = layers.tracer.of_layer(function).iter();
                    traced.map(|it| it.function.name.clone()).collect()
                }
            };
            if names.is_empty() {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!("no function `{function}` for the alias `{alias}`"),
                )
                .with_hint("name a signature or a layer"));
            }
            aliases.extend(names.into_iter().map(|name| (name, alias.clone())));
        }
        Ok(aliases)
    }

    /// Refuses operations of namespaces that may not be saved.
    pub(super) fn check_namespaces(
        self,
        nodes: &[NodeDef],
        library: &FunctionDefLibrary,
    ) -> Result<()> {
        let allowed = &self.0.namespace_whitelist;
        if allowed.is_empty() {
            return Ok(());
        }
        let of_functions = library.function.iter().flat_map(|it| &it.node_def);
        for node in nodes.iter().chain(of_functions) {
            if let Some((namespace, _)) = node.op.split_once('>')
                && !allowed.iter().any(|it| it == namespace)
            {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!(
                        "operation `{}`, whose namespace is not in `namespace_whitelist`",
                        node.op
                    ),
                ));
            }
        }
        Ok(())
    }
}
