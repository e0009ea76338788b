import {
  BaseEdge,
  BezierEdge,
  Edge,
  EdgeProps,
  getSmoothStepPath,
  ReactFlowState,
  useStoreApi
} from '@xyflow/react';
import { useContext } from 'react';
import { Position } from '../../document/flow';
import { freeHeight, IBounds, isCovered, pathAround } from './routing';
import { isCard } from '../model/diagram/frames';
import { Settled } from './settled';

/** Between a port and the bend of a connection that leads back. */
const BEND = 20;

/** A connection. It goes between the cards, not behind them, if it leads back or would be covered. */
export function Arrow(props: EdgeProps<Edge>): JSX.Element {
  const { source, target, sourceX, sourceY, targetX, targetY } = props;
  useContext(Settled); // another card may have come into the way
  const { nodeLookup } = useStoreApi().getState();
  const isBack = targetX < sourceX;
  const [left, right] = isBack ? [targetX - BEND, sourceX + BEND] : [sourceX, targetX];
  const cards = boundsBetween(nodeLookup, left, right, isBack ? [] : [source, target]);
  const [from, to]: Position[] = [
    [sourceX, sourceY],
    [targetX, targetY]
  ];
  if (!isBack && !isCovered(from, to, cards)) {
    return <BezierEdge {...props} />;
  }
  const path = isBack
    ? getSmoothStepPath({ ...props, centerY: freeHeight(sourceY, targetY, cards) })[0]
    : pathAround(from, to, cards);
  const { style, markerEnd, interactionWidth } = props;
  return <BaseEdge {...{ path, style, markerEnd, interactionWidth }} />;
}

/** Return where the cards between two places are. */
function boundsBetween(
  nodes: ReactFlowState['nodeLookup'],
  left: number,
  right: number,
  except: readonly string[]
): IBounds[] {
  const between: IBounds[] = [];
  for (const [id, { internals, measured, type }] of nodes) {
    const { x, y } = internals.positionAbsolute;
    const { width, height } = measured;
    if (width && height && isCard({ type }) && x < right && x + width > left) {
      if (!except.includes(id)) {
        between.push({ left: x, right: x + width, top: y, bottom: y + height });
      }
    }
  }
  return between;
}
