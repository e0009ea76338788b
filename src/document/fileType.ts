/** The names of the document type, its file type and its factory. */
export const FACTORY = 'Workflow';
export const FILE_TYPE = 'nbyard-workflow';
export const MODEL = 'nbyard-workflow';
/** Name of the shared document type, equal to the `jupyter_ydoc` entry point. */
export const CONTENT_TYPE = 'nbflow';
export const EXTENSION = '.nbflow';
