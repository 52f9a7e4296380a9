// Counting tests in the reports of the three runtimes, from what each wrote for the same file (two tests pass, two
// fail, one is skipped), and from none at all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { countTests } from "../../tools/test_report.mjs";

const NODE = `<testsuites>
  <testcase name="a &lt;ok> &amp; &quot;fine&quot;" time="0.001" classname="test" file="a_test.ts"/>
  <testcase name="skipped" time="0.0002" classname="test" file="a_test.ts">
    <skipped type="skipped" message="true"/>
  </testcase>
  <testcase name="fails" time="0.001" classname="test" file="a_test.ts" failure="1 !== 2&#10;">
    <failure type="testCodeFailure" message="1 !== 2">[Error: at Object.&lt;anonymous> (a_test.ts:5:30)]</failure>
  </testcase>
  <testsuite name="group" time="0.007" disabled="0" errors="0" tests="3" failures="1" skipped="1">
    <testcase name="inner" time="0.0003" classname="group" file="a_test.ts"/>
    <testcase name="inner fails" time="0.0002" classname="group" file="a_test.ts" failure="x">
      <failure type="testCodeFailure" message="x">Error: x</failure>
    </testcase>
  </testsuite>
  <!-- tests 11 -->
</testsuites>`;

const BUN = `<testsuites name="bun test" tests="5" assertions="0" failures="2" skipped="1" time="0.05">
  <testsuite name="a_test.ts" file="a_test.ts" tests="5" assertions="0" failures="2" skipped="1">
    <testcase name="a &lt;ok&gt; &amp; &quot;fine&quot;" classname="" time="0.001" file="a_test.ts" line="3" />
    <testcase name="skipped" classname="" time="0" file="a_test.ts" line="4" assertions="0">
      <skipped />
    </testcase>
    <testcase name="fails" classname="" time="0.002" file="a_test.ts" line="5" assertions="0">
      <failure type="AssertionError" message="1 !== 2&#10;">AssertionError: 1 !== 2</failure>
    </testcase>
    <testsuite name="group" file="a_test.ts" line="7" tests="2" failures="1" skipped="0" time="0">
      <testcase name="inner" classname="group" time="0.0001" file="a_test.ts" line="7" assertions="0" />
      <testcase name="inner fails" classname="group" time="0.0002" file="a_test.ts" line="7" assertions="0">
        <failure type="Error" message="x">Error: x</failure>
      </testcase>
    </testsuite>
  </testsuite>
</testsuites>`;

const DENO = `<testsuites name="deno test" tests="6" failures="3" errors="0" time="0.022">
    <testsuite name="./a_test.ts" tests="4" disabled="1" errors="0" failures="2">
        <testcase name="a &lt;ok&gt; &amp; &quot;fine&quot;" classname="./a_test.ts" time="0.002" line="3" col="1">
        </testcase>
        <testcase name="skipped" classname="./a_test.ts" time="0.000" line="4" col="1">
            <skipped/>
        </testcase>
        <testcase name="fails" classname="./a_test.ts" time="0.003" line="5" col="1">
            <failure message="Uncaught AssertionError:

1 !== 2
">AssertionError: test(&quot;fails&quot;, () =&gt; {})</failure>
        </testcase>
        <testcase name="group" classname="./a_test.ts" time="0.007" line="7" col="1">
            <failure message="1 test step failed">1 test step failed.</failure>
        </testcase>
    </testsuite>
    <testsuite name="ext:deno_node/testing.ts" tests="2" disabled="0" errors="0" failures="1">
        <testcase name="group &gt; inner" classname="ext:deno_node/testing.ts" time="0.001" line="1" col="23191">
        </testcase>
        <testcase name="group &gt; inner fails" classname="ext:deno_node/testing.ts" time="0.001" line="1" col="2">
            <failure message="Uncaught Error: x">Error: x</failure>
        </testcase>
    </testsuite>
</testsuites>`;

for (const [runtime, report] of Object.entries({ NODE, BUN, DENO })) {
  test(`countTests() counts the innermost tests of ${runtime.toLowerCase()}'s report`, () => {
    assert.deepEqual(countTests(report), { passed: 2, failed: 2, skipped: 1 });
  });
}

test("countTests() finds nothing in the report of a process that died", () => {
  assert.deepEqual(countTests(""), { passed: 0, failed: 0, skipped: 0 });
});
