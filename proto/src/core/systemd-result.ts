/** What the agent writes where systemd did not take the call: no result of systemd's, which has none of this name. */
const callNotTaken = 'refused';

/** systemd's own word on an operation: the result of its job, or of its unit; empty when systemd gave none. */
export const systemdResult = ({ result }: { readonly result: string }): string =>
  result === callNotTaken ? '' : result;
