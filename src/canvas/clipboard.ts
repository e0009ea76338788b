/** The system's clipboard where the browser lets us, and always our own copy of it. */
let memory = '';

export const clipboard = {
  async write(text: string): Promise<void> {
    memory = text;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // not allowed here: copies between tabs of this window still work
    }
  },

  async read(): Promise<string> {
    try {
      return (await navigator.clipboard.readText()) || memory;
    } catch {
      return memory;
    }
  }
};
