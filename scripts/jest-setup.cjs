// Tests wait for conditions; on a busy machine these take longer than the library's one second.
require('@testing-library/react').configure({ asyncUtilTimeout: 20_000 });

// jsdom has none; browsers do.
globalThis.structuredClone ??= value => JSON.parse(JSON.stringify(value));
