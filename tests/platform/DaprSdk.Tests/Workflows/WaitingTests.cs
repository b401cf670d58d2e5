using ConcertDapr.Wire.Workflows;
using Dapr.Workflow;
using Google.Protobuf.WellKnownTypes;

namespace ConcertDapr.Tests.Workflows;

/// <summary>Timers, events, retries, children and starting over.</summary>
public sealed class WaitingTests
{
    private static readonly WorkflowRetryPolicy Policy = new(3, TimeSpan.FromSeconds(1), 2.0, TimeSpan.FromSeconds(10));

    [Fact]
    public void A_timer_fires_at_the_workflows_time()
    {
        var instance = Instance.Of(async c =>
        {
            await c.CreateTimer(TimeSpan.FromMinutes(10));
            return "late";
        }).Start();
        var timer = instance.Actions.ShouldHaveSingleItem().CreateTimer;
        timer.FireAt.ToDateTime().ShouldBe(instance.Now.AddMinutes(10));
        timer.OriginCase.ShouldBe(CreateTimerAction.OriginOneofCase.CreateTimer);
        instance.Fire(0).Completion!.Result.ShouldBe("\"late\"");
    }

    [Fact]
    public void A_timer_must_be_given_in_utc() => Instance.Of(async c =>
        {
            await c.CreateTimer(new DateTime(2027, 1, 1, 0, 0, 0, DateTimeKind.Local), CancellationToken.None);
            return "";
        })
        .Start().Completion!.FailureDetails.ErrorType.ShouldBe("System.ArgumentException");

    [Fact]
    public void An_event_is_matched_without_case()
    {
        var instance = Instance.Of(c => c.WaitForExternalEventAsync<string>("Approved")).Start();
        instance.Actions.ShouldBeEmpty();
        instance.Raise("other").Actions.ShouldBeEmpty();
        instance.Raise("APPROVED", "yes").Completion!.Result.ShouldBe("\"yes\"");
    }

    [Fact]
    public void Events_are_given_out_first_come_first_served_and_kept_until_asked_for()
    {
        var instance = Instance.Of(async c =>
        {
            var first = c.WaitForExternalEventAsync<int>("e");
            var second = c.WaitForExternalEventAsync<int>("e");
            await c.CallActivityAsync("A");
            return $"{await first},{await second},{await c.WaitForExternalEventAsync<int>("E")}";
        }).Start();
        instance.Turn(instance.Raised("e", 1), instance.Raised("e", 2), instance.Raised("e", 3));
        instance.Complete(0).Completion!.Result.ShouldBe("\"1,2,3\"");
    }

    [Fact]
    public void A_wait_with_time_limit_ends_with_the_event()
    {
        var instance = Instance.Of(c => c.WaitForExternalEventAsync<string>("e", TimeSpan.FromMinutes(1))).Start();
        var timer = instance.Actions.ShouldHaveSingleItem().CreateTimer;
        timer.ExternalEvent.Name.ShouldBe("e");
        timer.FireAt.ToDateTime().ShouldBe(instance.Now.AddMinutes(1));
        instance.Raise("e", "now").Completion!.Result.ShouldBe("\"now\"");
    }

    [Fact]
    public void A_wait_with_time_limit_ends_with_the_timer()
    {
        var instance = Instance.Of(async c =>
        {
            try
            {
                return await c.WaitForExternalEventAsync<string>("e", TimeSpan.FromMinutes(1));
            }
            catch (TaskCanceledException)
            {
                return await c.WaitForExternalEventAsync<string>("e");
            }
        }).Start();
        instance.Fire(0).Completion.ShouldBeNull();
        instance.Raise("e", "after all").Completion!.Result.ShouldBe("\"after all\"");
    }

    [Fact]
    public void A_wait_of_no_time_does_not_wait() =>
        Instance.Of(c => c.WaitForExternalEventAsync<string>("e", TimeSpan.Zero)).Start()
            .Completion!.FailureDetails.ErrorType.ShouldBe("System.Threading.Tasks.TaskCanceledException");

    [Fact]
    public void A_wait_without_limit_makes_a_timer_that_never_fires()
    {
        var instance = Instance.Of(async c =>
        {
            var raised = await c.WaitForExternalEventAsync<string>("e", TimeSpan.FromMilliseconds(-1));
            return await c.CallActivityAsync<string>("A", raised);
        }).Start();
        instance.Actions[0].CreateTimer.FireAt.ShouldBe(new Timestamp { Seconds = 253402300799, Nanos = 999999999 });
        instance.Raise("e", "x").Actions.ShouldHaveSingleItem().Id.ShouldBe(1);
    }

    [Fact]
    public void History_without_that_timer_shifts_the_ids()
    {
        var instance = Instance.Of(async c =>
        {
            var raised = c.WaitForExternalEventAsync<string>("e", TimeSpan.FromMilliseconds(-1));
            var done = c.CallActivityAsync<string>("A");
            return await done + await raised;
        });
        instance.History(new() { WorkflowStarted = new() })
            .History(new() { ExecutionStarted = new() { Name = "W" } })
            .History(new() { EventId = 0, TaskScheduled = new() { Name = "A" } });
        instance.Complete(0, "a").Actions.ShouldBeEmpty();
        instance.Raise("e", "b").Completion!.Result.ShouldBe("\"ab\"");
    }

    [Fact]
    public void An_activity_that_fails_twice_is_tried_three_times_with_growing_pauses()
    {
        var instance = Instance.Of(c => c.CallActivityAsync<string>("A", null, new WorkflowTaskOptions(Policy))).Start();
        var execution = instance.Actions[0].ScheduleTask.TaskExecutionId;
        instance.Fail(0);
        var pause = instance.Actions.ShouldHaveSingleItem();
        pause.Id.ShouldBe(1);
        pause.CreateTimer.ActivityRetry.TaskExecutionId.ShouldBe(execution);
        pause.CreateTimer.FireAt.ToDateTime().ShouldBe(instance.Now.AddSeconds(1));
        instance.Fire(1).Actions.ShouldHaveSingleItem().Id.ShouldBe(2);
        instance.Actions[0].ScheduleTask.TaskExecutionId.ShouldNotBe(execution);
        instance.Fail(2).Actions.ShouldHaveSingleItem().CreateTimer.FireAt.ToDateTime().ShouldBe(instance.Now.AddSeconds(2));
        instance.Fire(3).Actions.ShouldHaveSingleItem().Id.ShouldBe(4);
        instance.Complete(4, "third time").Completion!.Result.ShouldBe("\"third time\"");
    }

    [Fact]
    public void After_the_last_attempt_the_failure_is_the_calls()
    {
        var instance = Instance.Of(c => c.CallActivityAsync<string>("A", null, new WorkflowTaskOptions(Policy))).Start();
        instance.Fail(0).Fire(1).Fail(2).Fire(3).Fail(4, message: "third");
        instance.Completion!.FailureDetails.ErrorType.ShouldBe("Dapr.Workflow.WorkflowTaskFailedException");
        instance.Completion.FailureDetails.ErrorMessage.ShouldBe("Task failed: third");
    }

    [Fact]
    public void A_retry_time_limit_ends_retrying()
    {
        var policy = new WorkflowRetryPolicy(100, TimeSpan.FromSeconds(1), retryTimeout: TimeSpan.FromSeconds(5));
        var instance = Instance.Of(c => c.CallActivityAsync<string>("A", null, new WorkflowTaskOptions(policy))).Start();
        instance.Fail(0).Completion.ShouldBeNull();
        instance.Now += TimeSpan.FromSeconds(10);
        instance.Fire(1).Fail(2).Completion!.WorkflowStatus.ShouldBe(OrchestrationStatus.Failed);
    }

    [Fact]
    public void Pauses_grow_to_the_maximum_only_when_one_is_given()
    {
        Policy.DelayAfter(1).ShouldBe(TimeSpan.FromSeconds(1));
        Policy.DelayAfter(4).ShouldBe(TimeSpan.FromSeconds(8));
        Policy.DelayAfter(5).ShouldBe(TimeSpan.FromSeconds(10));
        new WorkflowRetryPolicy(9, TimeSpan.FromMinutes(30), 2).DelayAfter(4).ShouldBe(TimeSpan.FromHours(4));
    }

    [Fact]
    public void A_retry_policy_refuses_nonsense()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new WorkflowRetryPolicy(0, TimeSpan.FromSeconds(1)));
        Should.Throw<ArgumentOutOfRangeException>(() => new WorkflowRetryPolicy(1, TimeSpan.Zero));
        Should.Throw<ArgumentOutOfRangeException>(() => new WorkflowRetryPolicy(1, TimeSpan.FromSeconds(1), 0.5));
        Should.Throw<ArgumentOutOfRangeException>(() => new WorkflowRetryPolicy(1, TimeSpan.FromHours(2)));
        Should.Throw<ArgumentOutOfRangeException>(() =>
            new WorkflowRetryPolicy(1, TimeSpan.FromSeconds(2), retryTimeout: TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void A_child_gets_a_derived_id_and_gives_its_result()
    {
        var instance = Instance.Of(c => c.CallChildWorkflowAsync<string>("Refund", 5)).Start();
        var child = instance.Actions.ShouldHaveSingleItem().CreateChildWorkflow;
        Guid.Parse(child.InstanceId).Version.ShouldBe(5);
        child.Input.ShouldBe("5");
        instance.Turn(instance.ChildCompleted(0, "refunded")).Completion!.Result.ShouldBe("\"refunded\"");
    }

    [Fact]
    public void A_childs_failure_names_the_child_and_a_terminated_one_has_no_details()
    {
        var options = new ChildWorkflowTaskOptions("refund-1");
        var instance = Instance.Of(c => c.CallChildWorkflowAsync<string>("Refund", null, options)).Start();
        instance.Actions[0].CreateChildWorkflow.InstanceId.ShouldBe("refund-1");
        instance.Turn(Instance.ChildFailed(0, null));
        instance.Completion!.FailureDetails.ErrorMessage.ShouldBe("Child workflow 'Refund' failed");
    }

    [Fact]
    public void A_child_is_retried_under_a_new_id()
    {
        var instance = Instance.Of(c =>
            c.CallChildWorkflowAsync<string>("Refund", null, new ChildWorkflowTaskOptions(RetryPolicy: Policy))).Start();
        var first = instance.Actions[0].CreateChildWorkflow.InstanceId;
        instance.Turn(Instance.ChildFailed(0, Instance.Details("X", "no")));
        instance.Actions[0].CreateTimer.OriginCase.ShouldBe(CreateTimerAction.OriginOneofCase.ChildWorkflowRetry);
        instance.Fire(1).Actions[0].CreateChildWorkflow.InstanceId.ShouldNotBe(first);
    }

    [Fact]
    public void Starting_over_carries_the_input_and_the_events_nobody_waited_for()
    {
        var instance = Instance.Of<int, string>(async (c, round) =>
        {
            await c.WaitForExternalEventAsync<string>("next");
            c.ContinueAsNew(round + 1);
            return "ignored";
        }).Start(1);
        instance.Turn(instance.Raised("next"), instance.Raised("next"), instance.Raised("more"));
        var action = instance.Actions.ShouldHaveSingleItem();
        action.CompleteWorkflow.WorkflowStatus.ShouldBe(OrchestrationStatus.ContinuedAsNew);
        action.CompleteWorkflow.Result.ShouldBe("2");
        action.CompleteWorkflow.CarryoverEvents.Select(e => e.EventRaised.Name).ShouldBe(["next", "more"]);
    }

    [Fact]
    public void Starting_over_can_leave_the_events_behind()
    {
        var instance = Instance.Of(c =>
        {
            c.ContinueAsNew(preserveUnprocessedEvents: false);
            return Task.FromResult("");
        });
        instance.Turn(new() { ExecutionStarted = new() { Name = "W" } }, instance.Raised("e"));
        instance.Actions.ShouldHaveSingleItem().CompleteWorkflow.CarryoverEvents.ShouldBeEmpty();
    }

    [Fact]
    public void Parallel_processing_keeps_its_limit_and_its_order()
    {
        var instance = Instance.Of(async c => string.Join(',', await c.ProcessInParallelAsync(
            [1, 2, 3], i => c.CallActivityAsync<int>("A", i), maxConcurrency: 2))).Start();
        instance.Actions.Count.ShouldBe(2);
        instance.Complete(1, 20).Actions.ShouldHaveSingleItem().ScheduleTask.Input.ShouldBe("3");
        instance.Turn(instance.Completed(2, 30), instance.Completed(0, 10)).Completion!.Result.ShouldBe("\"10,20,30\"");
    }

    [Fact]
    public void Parallel_processing_finishes_the_others_and_reports_every_failure()
    {
        var instance = Instance.Of(async c =>
        {
            try
            {
                await c.ProcessInParallelAsync([1, 2], i => c.CallActivityAsync<int>("A", i));
                return "";
            }
            catch (AggregateException e)
            {
                return e.InnerExceptions.Count.ToString(System.Globalization.CultureInfo.InvariantCulture);
            }
        }).Start();
        instance.Fail(0).Completion.ShouldBeNull();
        instance.Fail(1).Completion!.Result.ShouldBe("\"2\"");
    }
}
