import { BezierEdge, Edge, EdgeProps, SmoothStepEdge } from '@xyflow/react';

/** A connection. One that leads to another row goes between the rows, not behind cards. */
export function Arrow(props: EdgeProps<Edge>): JSX.Element {
  const isBack = props.targetX < props.sourceX;
  return isBack ? <SmoothStepEdge {...props} /> : <BezierEdge {...props} />;
}
