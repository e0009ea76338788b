import { NodeProps, useUpdateNodeInternals } from '@xyflow/react';
import { memo, useEffect } from 'react';
import { problemIcon } from '../../icons/startup';
import { Port } from '../cards/NodeCard';
import { CardNode } from '../model/flowStore';
import { useCanvas } from '../model/hooks';
import { GroupHead } from './GroupHead';
import { groupLabel, useGroup } from './groupView';

/** A folded group: one card with the ports that are of use outside. */
export const FoldedGroup = memo(function FoldedGroup({ id }: NodeProps<CardNode>) {
  const canvas = useCanvas();
  const view = useGroup(id);
  const update = useUpdateNodeInternals();
  const handles = JSON.stringify([view.inputs, view.outputs].map(side => side.map(p => p.handle)));
  useEffect(() => update(id), [update, id, handles]);
  const classes = ['nby-Node', 'nby-Group', `nby-mod-color-${view.color || 'grey'}`];
  if (view.state) {
    classes.push(`nby-mod-${view.state}`);
  }
  if (view.problems) {
    classes.push('nby-mod-problem');
  }
  return (
    <div className={classes.join(' ')}>
      <span hidden id={canvas.nameOf(id)} aria-label={groupLabel(view, canvas.trans)} />
      <div className="nby-Node-head">
        <GroupHead id={id} view={view} />
      </div>
      <div className="nby-Node-ports">
        <div>
          {view.inputs.map(port => (
            <Port key={port.handle} port={port} side="input" />
          ))}
        </div>
        <div>
          {view.outputs.map(port => (
            <Port key={port.handle} port={port} side="output" />
          ))}
        </div>
      </div>
      <div className="nby-Group-count">
        {[view.count, view.progress].filter(Boolean).join(' · ')}
      </div>
      {view.problems && (
        <div className="nby-Node-problem">
          <problemIcon.react tag="span" className="nby-Icon" />
          <span className="nby-Node-words">{view.problems}</span>
        </div>
      )}
    </div>
  );
});
