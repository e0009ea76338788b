import { collectionOf } from '../../../api/perYard';
import { Project } from '../../../api/types';

/** Return the projects of a yard, loaded when they are first shown. */
export const projectsOf = collectionOf<Project>('project');
