import {
  BaseEdge,
  BezierEdge,
  Edge,
  EdgeProps,
  getSmoothStepPath,
  InternalNode,
  useInternalNode
} from '@xyflow/react';

/** Between a card and a connection that goes around it. */
const BESIDE = 24;

/** A connection. One that leads back goes between the cards, not behind them. */
export function Arrow(props: EdgeProps<Edge>): JSX.Element {
  const isBack = props.targetX < props.sourceX;
  return isBack ? <BackArrow {...props} /> : <BezierEdge {...props} />;
}

function BackArrow(props: EdgeProps<Edge>): JSX.Element {
  const { source, target, style, markerEnd, interactionWidth } = props;
  const [from, to] = [sidesOf(useInternalNode(source)), sidesOf(useInternalNode(target))];
  const [path] = getSmoothStepPath({ ...props, centerY: from && to && heightBetween(from, to) });
  return <BaseEdge {...{ path, style, markerEnd, interactionWidth }} />;
}

type Sides = readonly [top: number, bottom: number];

function sidesOf(node: InternalNode | undefined): Sides | undefined {
  const height = node?.measured.height;
  const top = node?.internals.positionAbsolute.y ?? 0;
  return height ? [top, top + height] : undefined;
}

/** Return the height at which a connection passes between two cards, or below both. */
export function heightBetween(left: Sides, right: Sides): number {
  const [upper, lower] = left[0] <= right[0] ? [left, right] : [right, left];
  const room = lower[0] - upper[1];
  return room > 0 ? upper[1] + room / 2 : Math.max(left[1], right[1]) + BESIDE;
}
