const octet = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const ipv4 = new RegExp(`^127(?:\\.${octet}){3}$`);
/** `::1` in any spelling: in full, or with zeros left out once. */
const ipv6 = /^(?:(?:0{1,4}:){7}|(?:0{1,4}(?::0{1,4}){0,5})?::(?:0{1,4}:){0,5})0{0,3}1$/;

/** Whether a host is this one, so that unauthenticated frames cannot leave it. Names are not looked up. */
export const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || ipv4.test(host) || ipv6.test(host);
