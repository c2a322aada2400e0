// node run.mjs MODULE MODEL [EXPECTED]: converts a model inside WebAssembly, which imports nothing.
import { readFileSync } from "node:fs";

const [module, model, expected] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(readFileSync(module), {});
const { memory, reserve, convert } = instance.exports;

function converted(bytes) {
  const input = reserve(bytes.length);
  new Uint8Array(memory.buffer, input, bytes.length).set(bytes);
  const output = convert(input, bytes.length);
  const length = Number(new DataView(memory.buffer).getBigUint64(output, true));
  return Buffer.from(memory.buffer, output + 8, length);
}

const bytes = readFileSync(model);
const result = Buffer.from(converted(bytes));
console.log(`${model}: ${bytes.length} bytes in, ${result.length} bytes out`);
if (result.length === 0) throw new Error("the model could not be converted");
if (!result.equals(converted(result))) throw new Error("converting the result changes it");
if (expected && !result.equals(readFileSync(expected))) throw new Error(`not the bytes of ${expected}`);
if (converted(bytes.subarray(0, bytes.length / 2)).length !== 0) throw new Error("half a model was accepted");
