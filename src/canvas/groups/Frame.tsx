import { NodeProps } from '@xyflow/react';
import { memo } from 'react';
import { CardNode } from '../model/flowStore';
import { useCanvas } from '../model/hooks';
import { GroupHead } from './GroupHead';
import { groupLabel, useGroup } from './groupView';

/** An open group: a frame behind its cards, which its head moves. */
export const Frame = memo(function Frame({ id }: NodeProps<CardNode>) {
  const canvas = useCanvas();
  const view = useGroup(id);
  return (
    <div className={`nby-Frame nby-mod-color-${view.color || 'grey'}`}>
      <span hidden id={canvas.nameOf(id)} aria-label={groupLabel(view, canvas.trans)} />
      <div className="nby-Frame-head">
        <GroupHead id={id} view={view} />
        <span className="nby-Group-count">
          {[view.count, view.progress].filter(Boolean).join(' · ')}
        </span>
      </div>
    </div>
  );
});
