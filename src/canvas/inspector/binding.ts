/** Binds the values of nodes to parameters of the workflow. */
import {
  Binding,
  Parameters,
  readBinding,
  readParameters,
  showValue
} from '../../document/arguments';
import { isObject, Json } from '../../document/canonical';
import { CanvasController } from '../model/controller';

/**
 * Store how an argument gets its value. The node's own value becomes the default of a parameter
 * that no node uses yet, so that linking changes no result.
 */
export function bindArgument(
  canvas: CanvasController,
  id: string,
  name: string,
  binding: Binding | undefined
): void {
  const { doc, trans } = canvas;
  const target = binding && 'parameter' in binding ? binding.parameter : '';
  const parameters = readParameters(doc.toJSON().meta);
  const own = ownValue(canvas, id, name);
  const parameter = parameters[target];
  const before = showValue(parameter?.default);
  if (!parameter || own === undefined || showValue(own) === before) {
    doc.setArgument(id, name, binding as Json | undefined);
    return;
  }
  const isNew = !isUsed(canvas, target);
  doc.edit(() => {
    if (isNew) {
      const next: Parameters = { ...parameters, [target]: { ...parameter, default: own } };
      doc.setMeta('parameters', next as unknown as Json);
    }
    doc.setArgument(id, name, binding as Json);
  });
  canvas.say(
    isNew
      ? trans.__('The default of the workflow parameter “%1” is now %2.', target, showValue(own))
      : trans.__('“%1” changed from %2 to the workflow’s %3.', name, showValue(own), before || '–')
  );
}

function ownValue(canvas: CanvasController, id: string, name: string): Json | undefined {
  const given = canvas.doc.node(id)?.arguments;
  const binding = isObject(given) ? readBinding(given[name]) : undefined;
  return binding && 'value' in binding ? binding.value : undefined;
}

function isUsed(canvas: CanvasController, parameter: string): boolean {
  const bindings = Object.values(canvas.doc.toJSON().nodes).flatMap(node =>
    isObject(node.arguments) ? Object.values(node.arguments).map(readBinding) : []
  );
  return bindings.some(
    binding => binding && 'parameter' in binding && binding.parameter === parameter
  );
}
