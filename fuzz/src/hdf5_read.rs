use hornfels::hdf5::{Attribute, Dataset, File, Found, Group, Object};
use hornfels::{DType, Limits};

/// Arbitrary bytes as an HDF5 file: everything reachable from the root is read.
pub fn hdf5_read(data: &[u8]) {
    let limits = Limits {
        expansion_floor: 1 << 20,
        max_depth: 20,
        ..Limits::default()
    };
    if let Ok(file) = File::from_bytes(data.to_vec(), limits) {
        read_everything(&file);
    }
}

/// Asks for everything there is to ask for. Errors are answers.
pub fn read_everything(file: &File) {
    read_attributes(&Object::Group(file.root()));
    read_links(&file.root());
    for step in file.root().walk() {
        let Ok(step) = step else {
            return;
        };
        match step.found {
            Found::Object(object) => {
                assert_eq!(object.path(), &*step.path);
                read_attributes(&object);
                match object {
                    Object::Group(group) => read_links(&group),
                    Object::Dataset(dataset) => read_elements(&dataset),
                    Object::NamedDatatype(named) => drop(named.datatype().to_string()),
                }
            }
            Found::Failed(error) => drop(error.to_string()),
            Found::Again(_) | Found::NotFollowed => {}
        }
    }
}

/// Names that are listed are looked up, too; only a few, or a walk would be quadratic.
fn read_links(group: &Group) {
    let links = group.links().unwrap_or_default();
    for pair in links.windows(2) {
        assert!(pair[0].name < pair[1].name, "links are in order");
    }
    for link in links.iter().take(20) {
        drop(group.contains(&link.name));
        drop(group.get(&link.name));
    }
}

fn read_attributes(object: &Object) {
    for name in object
        .attribute_names()
        .unwrap_or_default()
        .iter()
        .take(100)
    {
        match object.attribute(name) {
            Ok(Some(attribute)) => read_attribute(&attribute),
            Ok(None) => panic!("attribute {name} is listed but not found"),
            Err(error) => drop(error.to_string()),
        }
    }
    drop(object.attributes());
}

fn read_attribute(attribute: &Attribute) {
    if let Ok(tensor) = attribute.tensor() {
        let sizes = tensor.shape().iter().product::<u64>();
        assert_eq!(tensor.len(), sizes);
    }
    drop(attribute.string());
    drop(attribute.strings());
    drop(attribute.read::<f32>());
}

fn read_elements(dataset: &Dataset) {
    drop(dataset.layout());
    drop(dataset.stored_len());
    drop(dataset.bytes());
    drop(dataset.strings());
    drop(dataset.tensor_as(DType::BFloat16));
    let dtype = dataset.dtype();
    if let Ok(tensor) = dataset.tensor() {
        assert_eq!(dtype.ok(), Some(Some(tensor.dtype())));
    }
}
