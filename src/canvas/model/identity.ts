/** The id of a workflow. */
import { UUID } from '@lumino/coreutils';
import { FlowDoc } from '../../document/flowDoc';
import { Checker } from './checker';

interface IIdentified {
  readonly doc: FlowDoc;
  readonly checker: Pick<Checker, 'copyOf'>;
  id?: string;
}

/**
 * Give a workflow an id at its first edit or save. Its runs are found by the id wherever the file
 * is. A copy gets a new id.
 */
export function ensureId(canvas: IIdentified): void {
  const { doc, checker } = canvas;
  const id = doc.meta.get('id');
  if (checker.copyOf && typeof id === 'string') {
    doc.setId((canvas.id = UUID.uuid4()));
    checker.copyOf = '';
  } else if (typeof id === 'string' && id) {
    canvas.id = id;
  } else {
    doc.setId((canvas.id ??= UUID.uuid4()));
  }
}
