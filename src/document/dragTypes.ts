/** A dragged dataset or executable, as JSON of `IPaletteRow`. */
export const REF_MIME = 'application/vnd.nbyard.ref+json';
/** Files dragged from the file browser. */
export const CONTENTS_MIME = 'application/x-jupyter-icontents';
