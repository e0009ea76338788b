/** The system's clipboard if the browser allows it, and always our own copy. */
let memory = '';

export const clipboard = {
  async write(text: string): Promise<void> {
    memory = text;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // not allowed: copies between tabs of this window still work
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
