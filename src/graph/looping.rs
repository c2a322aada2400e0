//! Loops: a function that is run again and again with what it gave before.

use std::collections::HashSet;

use super::function::{Edge, Finished, FunctionBuilder};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::tensorflow::DataType;

/// A loop while it is built: how often it runs is known before, and each run gives the next one its
/// variables.
///
/// ```
/// use hornfels::graph::Library;
/// use hornfels::proto::tensorflow::DataType;
/// let mut library = Library::new();
/// let mut power = library.begin("power");
/// let x = power.argument("x", DataType::DT_FLOAT);
/// let count = power.argument("count", DataType::DT_INT32);
/// let one = power.ones_like(&x)?;
///
/// let mut all = power.begin_loop(&count);
/// let product = all.variable("product", &one);
/// let factor = all.constant("factor", &x);
/// let next = all.body.mul(&product, &factor)?;
/// let results = power.end_loop(all, &[next])?;
///
/// library.add(power, &results)?;
/// assert_eq!(library.functions().len(), 3);
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Debug)]
pub struct Loop {
    /// The function that runs again and again.
    pub body: FunctionBuilder,
    condition: String,
    counter: Pass,
    count: Pass,
    passed: Vec<Pass>,
}

/// What a run of a loop takes.
#[derive(Debug)]
struct Pass {
    /// What the first run takes, in the function that the loop is in.
    first: Edge,
    /// What it is in the body.
    inside: Edge,
    /// Whether each run gives the next one another.
    varies: bool,
}

impl Loop {
    /// How many runs were before the present one: int32.
    pub fn counter(&self) -> &Edge {
        &self.counter.inside
    }

    /// A variable that begins as `first`; returns what it is in the body.
    pub fn variable(&mut self, name: &str, first: &Edge) -> Edge {
        self.pass(name, first, true)
    }

    /// A value that is the same in all runs; returns what it is in the body.
    pub fn constant(&mut self, name: &str, value: &Edge) -> Edge {
        self.pass(name, value, false)
    }

    fn pass(&mut self, name: &str, first: &Edge, varies: bool) -> Edge {
        let pass = Pass::new(&mut self.body, name, first, varies);
        let inside = pass.inside.clone();
        self.passed.push(pass);
        inside
    }

    /// Values that no run looks at are not passed on.
    fn drop_unused(&mut self, next: &[Edge]) {
        let nodes = self.body.nodes.iter().flat_map(|node| &node.input);
        let used: HashSet<&String> = nodes.chain(next.iter().map(|it| &it.reference)).collect();
        let is_unused = |it: &Pass| !it.varies && !used.contains(&it.inside.reference);
        let unused: HashSet<String> = (self.passed.iter())
            .filter(|it| is_unused(it))
            .map(|it| it.inside.reference.clone())
            .collect();
        self.passed
            .retain(|it| !unused.contains(&it.inside.reference));
        self.body.arguments.retain(|it| !unused.contains(&it.name));
    }

    /// What a run takes, in order. Gradients take the first for the number of runs, and the second
    /// for the most there can be: `spec/graph.md#loops`.
    fn all(&self) -> impl Iterator<Item = &Pass> {
        [&self.counter, &self.count].into_iter().chain(&self.passed)
    }

    /// The function that tells whether there is another run.
    fn condition(&self) -> Result<Finished> {
        let mut condition = FunctionBuilder::new(self.condition.clone());
        let arguments: Vec<Edge> = self
            .all()
            .map(|it| condition.argument(&it.inside.reference, it.inside.dtype))
            .collect();
        let less = condition.op("Less");
        let less = arguments
            .iter()
            .take(2)
            .fold(less, |less, it| less.input(it));
        let less = less.one()?;
        condition.complete(&[less], true)
    }

    /// The function that is one run.
    fn body(mut self, next: &[Edge]) -> Result<Finished> {
        let one = self.body.constant(1_i32);
        let counter = self.body.add(&self.counter.inside, &one)?;
        let mut next = next.iter();
        let mut results = vec![counter, self.count.inside.clone()];
        results.extend(self.passed.iter().filter_map(|it| match it.varies {
            true => next.next().cloned(),
            false => Some(it.inside.clone()),
        }));
        self.body.complete(&results, true)
    }
}

impl Pass {
    fn new(body: &mut FunctionBuilder, name: &str, first: &Edge, varies: bool) -> Self {
        Pass {
            first: first.clone(),
            inside: body.argument(name, first.dtype),
            varies,
        }
    }
}

impl FunctionBuilder {
    /// Begins a loop that runs `count` times, an int32.
    pub fn begin_loop(&mut self, count: &Edge) -> Loop {
        let number = self.loops;
        self.loops += 1;
        // No function of a library begins like this, and no two functions have the same name.
        let own = self.name();
        let own = own.strip_prefix("__inference_").unwrap_or(own);
        let condition = format!("{own}_while_cond_{number}");
        let mut body = FunctionBuilder::new(format!("{own}_while_body_{number}"));
        let zero = self.constant(0_i32);
        Loop {
            counter: Pass::new(&mut body, "counter", &zero, true),
            count: Pass::new(&mut body, "count", count, false),
            passed: Vec::new(),
            condition,
            body,
        }
    }

    /// Ends a loop whose runs give `next` for its variables, in the order in which they were made;
    /// returns what the last run gave.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] if number or types of `next` are not those of the variables,
    /// or if the loop was begun with something else than an int32.
    pub fn end_loop(&mut self, mut all: Loop, next: &[Edge]) -> Result<Vec<Edge>> {
        let variables = all.passed.iter().filter(|it| it.varies);
        let expected: Vec<DataType> = variables.map(|it| it.first.dtype).collect();
        let found: Vec<DataType> = next.iter().map(Edge::dtype).collect();
        if found != expected {
            let message = format!("a run gives {found:?} for variables of types {expected:?}");
            return Err(Error::new(ErrorKind::InvalidArgument, message).within("loop"));
        }
        all.drop_unused(next);
        let condition = all.condition()?;
        let firsts: Vec<Edge> = all.all().map(|it| it.first.clone()).collect();
        let varies: Vec<bool> = all.all().map(|it| it.varies).collect();
        let body = all.body(next)?;
        let op = match body.function.is_stateful {
            true => "While",
            false => "StatelessWhile",
        };
        let results = self
            .op(op)
            .list(&firsts)
            .attr("cond", condition.function.reference())
            .attr("body", body.function.reference())
            .attr("_lower_using_switch_merge", true)
            .calling(&body.function)
            .all()?;
        for finished in [condition, body] {
            self.inner.extend(finished.inner);
            self.inner.push(finished.def);
        }
        let results = results.into_iter().zip(varies);
        let variables = results.filter_map(|(result, varies)| varies.then_some(result));
        // The first one counts.
        Ok(variables.skip(1).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Library;
    use crate::proto::tensorflow::FunctionDef;

    /// The functions of a loop whose body is made by `run`, which is given a float and a resource.
    fn looped(run: impl FnOnce(&mut Loop, &Edge, &Edge) -> Edge) -> Result<Vec<FunctionDef>> {
        let mut library = Library::new();
        let mut f = library.begin("f");
        let x = f.argument("x", DataType::DT_FLOAT);
        let kept = f.argument("kept", DataType::DT_RESOURCE);
        let count = f.argument("count", DataType::DT_INT32);
        let mut all = f.begin_loop(&count);
        let inside = all.variable("x", &x);
        let resource = all.constant("kept", &kept);
        let next = run(&mut all, &inside, &resource);
        let results = f.end_loop(all, &[next])?;
        library.add(f, &results)?;
        Ok(library.functions().to_vec())
    }

    fn names(def: &FunctionDef) -> Vec<&str> {
        let signature = def.signature.as_ref().unwrap();
        let names = signature.input_arg.iter().map(|it| it.name.as_str());
        [signature.name.as_str()].into_iter().chain(names).collect()
    }

    #[test]
    fn counters_come_first_and_what_is_unused_is_not_passed() {
        let functions = looped(|all, x, _| all.body.square(x).unwrap()).unwrap();
        let [condition, body, f] = functions.as_slice() else {
            panic!("{functions:?}");
        };
        assert_eq!(
            names(condition),
            ["f_1_while_cond_0", "counter", "count", "x"]
        );
        assert_eq!(names(body), ["f_1_while_body_0", "counter", "count", "x"]);
        assert_eq!(body.ret["identity_1"], "count");
        let node = f.node_def.iter().find(|it| it.op == "StatelessWhile");
        assert_eq!(node.unwrap().input, ["Const:output:0", "count", "x"]);
        assert_eq!(f.ret["identity"], "Identity:output:0");
        assert_eq!(
            f.node_def.last().unwrap().input,
            ["StatelessWhile:output:2"]
        );
    }

    #[test]
    fn loops_that_use_variables_are_stateful() {
        let functions = looped(|all, x, kept| {
            let read = all.body.read(kept, DataType::DT_FLOAT).unwrap();
            all.body.add(x, &read).unwrap()
        });
        let functions = functions.unwrap();
        assert_eq!(names(&functions[1])[4], "kept");
        let f = &functions[2];
        assert!(f.node_def.iter().any(|it| it.op == "While"));
        assert_eq!(f.signature.as_ref().unwrap().control_output, ["While"]);
    }

    #[test]
    fn runs_give_what_the_next_one_takes() {
        let error = looped(|all, _, _| all.counter().clone()).unwrap_err();
        assert!(error.to_string().contains("DT_INT32"), "{error}");
    }

    #[test]
    fn loops_in_loops_have_names_of_their_own() {
        let functions = looped(|all, x, _| {
            let count = all.counter().clone();
            let inner = all.body.begin_loop(&count);
            all.body.end_loop(inner, &[]).unwrap();
            x.clone()
        });
        let functions = functions.unwrap();
        let names: Vec<&str> = functions.iter().map(|it| names(it)[0]).collect();
        let expected = [
            "f_1_while_cond_0",
            "f_1_while_body_0_while_cond_0",
            "f_1_while_body_0_while_body_0",
            "f_1_while_body_0",
            "__inference_f_1",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn functions_with_loops_are_held_by_libraries() {
        let mut f = FunctionBuilder::new("f");
        let count = f.argument("count", DataType::DT_INT32);
        let all = f.begin_loop(&count);
        f.end_loop(all, &[]).unwrap();
        assert!(f.finish(&[]).is_err());
    }
}
