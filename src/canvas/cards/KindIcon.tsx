import { kindIcon } from '../../icons/items';
import { kindWord } from '../model/texts';
import { useCanvas } from '../model/hooks';

/** The kind of a node or of what becomes one: an icon on a ground of its colour. */
export function KindIcon({ kind }: { kind: string }): JSX.Element {
  const Icon = kindIcon(kind);
  return (
    <Icon.react
      tag="span"
      className={`nby-Icon nby-Kind nby-mod-is-${kind}`}
      title={kindWord(kind, useCanvas().trans)}
    />
  );
}
