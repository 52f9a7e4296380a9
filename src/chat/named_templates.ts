/**
 * Chat templates by name, for models whose files have none. A new one is one entry.
 */

/** What most models without a template of their own were trained on: OpenAI's ChatML. */
const chatml = `{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|im_start|>assistant\\n' -}}
{%- endif -%}`;

/** The templates. A name can be given wherever the source of a template can. */
export const NAMED_TEMPLATES: Readonly<Record<string, string>> = { chatml };
