/** This release, of all programs; a test holds it against lerna.json and every package.json. */
export const softwareVersion = '0.1.0';
