using ConcertDapr.Wire.Workflows;
using Dapr.Workflow;
using Google.Protobuf.WellKnownTypes;

namespace ConcertDapr.Tests.Workflows;

/// <summary>What the worker answers to each kind of turn.</summary>
public sealed class TurnTests
{
    [Fact]
    public void The_first_turn_asks_for_the_first_activity()
    {
        var instance = Instance.Of<Order, string>((c, order) => c.CallActivityAsync<string>("Charge", order)).Start(new Order("A", 3));
        var action = instance.Actions.ShouldHaveSingleItem();
        action.Id.ShouldBe(0);
        action.ScheduleTask.Name.ShouldBe("Charge");
        action.ScheduleTask.Input.ShouldBe("""{"id":"A","seats":3}""");
        action.ScheduleTask.TaskExecutionId.Length.ShouldBe(32);
        instance.Answer.InstanceId.ShouldBe("wf-1");
        instance.Answer.CompletionToken.ShouldBe("token");
        instance.Completion.ShouldBeNull();
    }

    [Fact]
    public void Each_result_leads_to_the_next_step_and_the_last_to_completion()
    {
        var instance = Instance.Of(async c =>
        {
            var first = await c.CallActivityAsync<int>("A");
            return $"{first},{await c.CallActivityAsync<int>("B", first)}";
        });
        instance.Start().Actions.ShouldHaveSingleItem().ScheduleTask.Name.ShouldBe("A");
        instance.Complete(0, 1).Actions.ShouldHaveSingleItem().ScheduleTask.Input.ShouldBe("1");
        instance.Complete(1, 2);
        instance.Actions.ShouldHaveSingleItem().Id.ShouldBe(0);
        instance.Completion!.WorkflowStatus.ShouldBe(OrchestrationStatus.Completed);
        instance.Completion.Result.ShouldBe("\"1,2\"");
    }

    [Fact]
    public void Results_may_come_in_any_order_and_several_in_one_turn()
    {
        var instance = Instance.Of(async c =>
        {
            var all = await Task.WhenAll(c.CallActivityAsync<int>("A"), c.CallActivityAsync<int>("B"), c.CallActivityAsync<int>("C"));
            return string.Join(',', all);
        }).Start();
        instance.Actions.Select(a => a.Id).ShouldBe([0, 1, 2]);
        instance.Complete(2, 30).Actions.ShouldBeEmpty();
        instance.Turn(instance.Completed(1, 20), instance.Completed(0, 10));
        instance.Completion!.Result.ShouldBe("\"10,20,30\"");
    }

    [Fact]
    public void A_null_result_travels_as_the_empty_text_and_reads_as_the_default()
    {
        var instance = Instance.Of<string?, string?>(async (c, input) =>
        {
            await c.CallActivityAsync("A");
            return (await c.CallActivityAsync<int>("B", input)) == 0 ? null : "no";
        }).Start();
        instance.Actions[0].ScheduleTask.Input.ShouldBe("");
        instance.Complete(0).Complete(1);
        instance.Completion!.Result.ShouldBe("");
    }

    [Fact]
    public void An_activitys_failure_can_be_caught()
    {
        var instance = Instance.Of(async c =>
        {
            try
            {
                return await c.CallActivityAsync<string>("A");
            }
            catch (WorkflowTaskFailedException e)
            {
                return $"{e.Message}|{e.FailureDetails.ErrorType}|{e.FailureDetails.IsCausedBy<TimeoutException>()}"
                    + $"|{e.FailureDetails.IsCausedBy<IOException>()}";
            }
        }).Start().Fail(0);
        instance.Completion!.Result.ShouldBe("\"Task failed: too late|System.TimeoutException|True|False\"");
    }

    [Fact]
    public void An_uncaught_exception_fails_the_workflow_with_its_type_and_message()
    {
        var instance = Instance.Of(_ => throw new InvalidOperationException("no seats")).Start();
        instance.Completion!.WorkflowStatus.ShouldBe(OrchestrationStatus.Failed);
        instance.Completion.FailureDetails.ErrorType.ShouldBe("System.InvalidOperationException");
        instance.Completion.FailureDetails.ErrorMessage.ShouldBe("no seats");
    }

    [Fact]
    public void A_failure_after_an_await_is_not_retriable()
    {
        var instance = Instance.Of(async c =>
        {
            await c.CallActivityAsync("A");
            throw new InvalidOperationException("later");
        }).Start().Complete(0);
        instance.Completion!.FailureDetails.IsNonRetriable.ShouldBeTrue();
        instance.Completion.FailureDetails.StackTrace.ShouldContain("TurnTests");
    }

    [Fact]
    public void An_unknown_workflow_fails_by_name()
    {
        var instance = Instance.Of(_ => Task.FromResult("")).Start(name: "Other");
        instance.Completion!.FailureDetails.ErrorType.ShouldBe("WorkflowNotFound");
        instance.Completion.FailureDetails.IsNonRetriable.ShouldBeTrue();
    }

    [Fact]
    public void An_input_that_cannot_be_read_fails_the_workflow()
    {
        var instance = Instance.Of<int, string>((_, _) => Task.FromResult("")).Start("text");
        instance.Completion!.FailureDetails.ErrorType.ShouldBe("System.Text.Json.JsonException");
    }

    [Fact]
    public void Termination_as_the_last_event_ends_without_running_code()
    {
        var instance = Instance.Of(async c => await c.CallActivityAsync<string>("A")).Start();
        instance.Turn(instance.Completed(0, "x"), new HistoryEvent { ExecutionTerminated = new ExecutionTerminatedEvent { Input = "\"why\"" } });
        var action = instance.Actions.ShouldHaveSingleItem().CompleteWorkflow;
        action.WorkflowStatus.ShouldBe(OrchestrationStatus.Terminated);
        action.Result.ShouldBeNull();
    }

    [Fact]
    public void Suspension_as_the_last_event_asks_for_nothing_and_resumption_goes_on()
    {
        var instance = Instance.Of(async c => await c.CallActivityAsync<string>("A")).Start();
        instance.Turn(instance.Completed(0, "x"), new HistoryEvent { ExecutionSuspended = new ExecutionSuspendedEvent() });
        instance.Actions.ShouldBeEmpty();
        instance.Turn(new HistoryEvent { ExecutionResumed = new ExecutionResumedEvent() });
        instance.Completion!.Result.ShouldBe("\"x\"");
    }

    [Fact]
    public void Actions_beside_completion_are_kept()
    {
        var instance = Instance.Of(c =>
        {
            _ = c.CallActivityAsync("Notify");
            return Task.FromResult("done");
        }).Start();
        instance.Actions.Count.ShouldBe(2);
        instance.Actions[0].ScheduleTask.Name.ShouldBe("Notify");
        instance.Completion!.WorkflowStatus.ShouldBe(OrchestrationStatus.Completed);
    }

    [Fact]
    public void Another_apps_activity_is_routed_from_this_app()
    {
        var instance = Instance.Of(async c => await c.CallActivityAsync<string>("A", null, new WorkflowTaskOptions(TargetAppId: "users"))).Start();
        var router = instance.Actions[0].Router;
        (router.SourceAppId, router.TargetAppId).ShouldBe(("payment", "users"));
        instance.Actions[0].ScheduleTask.Router.ShouldBe(router);
    }

    [Fact]
    public void Events_the_worker_does_not_act_on_are_tolerated()
    {
        var instance = Instance.Of(async c => await c.CallActivityAsync<string>("A")).Start();
        instance.Turn(new HistoryEvent { WorkflowCompleted = new WorkflowCompletedEvent() }, new HistoryEvent(), instance.Completed(0, "x"));
        instance.Completion!.Result.ShouldBe("\"x\"");
    }

    [Fact]
    public void A_completion_nobody_asked_for_waits_for_its_call()
    {
        var instance = Instance.Of(async c =>
        {
            await c.CallActivityAsync("A");
            return await c.CallActivityAsync<string>("B");
        }).Start();
        instance.Turn(instance.Completed(1, "early"), instance.Completed(0));
        instance.Completion!.Result.ShouldBe("\"early\"");
    }

    [Fact]
    public void ConfigureAwait_and_a_foreign_synchronization_context_do_not_leave_the_turn()
    {
        var ambient = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new SynchronizationContext());
        try
        {
            var instance = Instance.Of(async c =>
            {
                await c.CallActivityAsync("A").ConfigureAwait(false);
                await c.CallActivityAsync("B").ConfigureAwait(true);
                return "done";
            }).Start().Complete(0).Complete(1);
            instance.Completion!.Result.ShouldBe("\"done\"");
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(ambient);
        }
    }

    [Fact]
    public void A_thousand_steps_are_replayed_in_one_turn()
    {
        var instance = Instance.Of(async c =>
        {
            for (var i = 0; i < 1000; i++)
                await c.CallActivityAsync("A", i);
            return "done";
        }).Start();
        for (var i = 0; i < 1000; i++)
            instance.History(instance.Completed(i)).History(new HistoryEvent
            {
                EventId = i,
                TaskScheduled = new TaskScheduledEvent { Name = "A" },
            });
        instance.Turn().Completion!.Result.ShouldBe("\"done\"");
    }

    [Fact]
    public void Custom_status_is_sent_in_every_turn_that_sets_it()
    {
        var instance = Instance.Of(async c =>
        {
            c.SetCustomStatus(new Order("A", 1));
            await c.CallActivityAsync("A");
            return "done";
        }).Start();
        instance.Answer.CustomStatus.ShouldBe("""{"id":"A","seats":1}""");
        instance.Complete(0).Answer.CustomStatus.ShouldBe("""{"id":"A","seats":1}""");
        Instance.Of(_ => Task.FromResult("")).Start().Answer.CustomStatus.ShouldBeNull();
    }

    internal sealed record Order(string Id, int Seats);
}
