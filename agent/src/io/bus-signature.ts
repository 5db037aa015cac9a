/** D-Bus type signatures, checked strictly: the library accepts `a()` and then never ends reading one. */

const basicTypes = 'ybnqiuxtdsogh';
/** The specification's limits. */
const signatureLengthMax = 255;
const arrayDepthMax = 32;
const structDepthMax = 32;

/** Where the complete type that begins at `start` ends. @throws TypeError */
function typeEnd(signature: string, start: number, arrays: number, structs: number): number {
  const type = signature[start];
  if (type === undefined) throw new TypeError(`the signature "${signature}" ends early`);
  if (type === 'v' || basicTypes.includes(type)) return start + 1;
  if (arrays > arrayDepthMax || structs > structDepthMax) {
    throw new TypeError(`the signature "${signature}" is nested too deeply`);
  }
  if (type === 'a' && signature[start + 1] === '{')
    return dictionaryEnd(signature, start + 1, arrays, structs);
  if (type === 'a') return typeEnd(signature, start + 1, arrays + 1, structs);
  if (type !== '(') throw new TypeError(`"${type}" is not a D-Bus type, in "${signature}"`);
  let end = typeEnd(signature, start + 1, arrays, structs + 1);
  while (signature[end] !== ')') end = typeEnd(signature, end, arrays, structs + 1);
  return end + 1;
}

function dictionaryEnd(signature: string, open: number, arrays: number, structs: number): number {
  const key = signature[open + 1];
  if (key === undefined || !basicTypes.includes(key)) {
    throw new TypeError(`a dictionary's key must be of a basic type, in "${signature}"`);
  }
  const end = typeEnd(signature, open + 2, arrays + 1, structs + 1);
  if (signature[end] !== '}')
    throw new TypeError(`a dictionary has one key and one value, in "${signature}"`);
  return end + 1;
}

/** How many complete types a signature has. @throws TypeError when it is not one. */
export function countTypes(signature: string): number {
  if (signature.length > signatureLengthMax) throw new TypeError('the signature is longer than 255');
  let count = 0;
  for (let at = 0; at < signature.length; count += 1) at = typeEnd(signature, at, 0, 0);
  return count;
}
