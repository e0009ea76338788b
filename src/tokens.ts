/** Names that several parts need. */
export const FACTORY = 'Workflow';
export const FILE_TYPE = 'nbyard-workflow';
export const MODEL = 'nbyard-workflow';
/** Name of the shared document type, equal to the `jupyter_ydoc` entry point. */
export const CONTENT_TYPE = 'nbflow';
export const EXTENSION = '.nbflow';
export const CATEGORY = 'Workflows';

/** A dragged dataset or executable, as JSON of `IPaletteRow`. */
export const REF_MIME = 'application/vnd.nbyard.ref+json';
/** Files dragged from the file browser. */
export const CONTENTS_MIME = 'application/x-jupyter-icontents';
