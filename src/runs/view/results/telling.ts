/** Which output says most about a task. */
import { Artifact } from '../../../api/types';
import { dataKind } from '../../../components/format/dataKinds';
import { suffixOf } from './Preview';

const PICTURES = ['png', 'jpg', 'jpeg', 'svg', 'gif', 'webp', 'html'];

/** Return the output that is shown before the user chooses one. */
export function mostTelling(artifacts: readonly Artifact[]): Artifact | undefined {
  return [...artifacts].sort((left, right) => rankOf(left) - rankOf(right))[0];
}

/** Pictures and pages tell most, then metrics, tables and models; logs and others tell least. */
function rankOf({ format, filename, output_class }: Artifact): number {
  const formats = [format, suffixOf(filename)];
  const kinds = formats.map(dataKind);
  const ranks = [
    formats.some(known => PICTURES.includes(known)),
    formats.includes('json'),
    kinds.includes('table'),
    output_class === 'model' || kinds.includes('model')
  ];
  const rank = ranks.indexOf(true);
  return rank < 0 ? ranks.length : rank;
}
