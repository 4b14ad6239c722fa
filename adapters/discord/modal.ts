import { assertNever } from "../../src/core/errors.ts";
import type { Form, FormField } from "../../src/core/form.ts";
import { clip } from "../draw-text.ts";
import { limits } from "./config.ts";

/** A label with the field that it names; see Discord's "Modal components". */
const component = (field: FormField) => {
  switch (field.type) {
    case "text":
      return {
        type: 4,
        custom_id: field.name,
        style: field.multiline ? 2 : 1,
        required: field.required,
        max_length: field.most,
        ...(field.initial === "" ? {} : { value: field.initial.slice(0, field.most) }),
      };
    case "choice":
      return {
        type: 3,
        custom_id: field.name,
        options: field.options
          .slice(0, limits.options)
          .map(({ value, label }) => ({ value, label: clip(label, limits.option), default: value === field.initial })),
      };
    default:
      return assertNever(field);
  }
};

/** A form as Discord's modal. */
export const modalOf = ({ name, about, title, fields }: Form) => ({
  custom_id: `${name}:${about}`,
  title: clip(title, limits.modalTitle),
  components: fields.slice(0, limits.modalFields).map((field) => ({
    type: 18,
    label: clip(field.label, limits.modalTitle),
    component: component(field),
  })),
});
