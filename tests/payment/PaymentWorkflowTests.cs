using ConcertDapr.Payment;

namespace ConcertDapr.Tests;

public class PaymentWorkflowTests
{
    private readonly ScriptedContext _context = new();
    private readonly PaymentOrder _order = Order.New();

    [Fact]
    public async Task A_payment_checks_takes_the_points_confirms_the_seats_and_completes()
    {
        (await RunAsync()).ShouldBe("Completed");

        _context.Calls.ShouldBe(["CheckReservation", "UsePoints", "ConfirmSeats", "CompletePayment"]);
        _context.Inputs.ShouldAllBe(i => i!.Equals(_order));
    }

    [Theory]
    [InlineData("CheckReservation", 1)]
    [InlineData("UsePoints", 2)]
    [InlineData("ConfirmSeats", 3)]
    public async Task A_step_that_is_refused_ends_in_refund_release_and_failure_with_its_reason(string step, int steps)
    {
        _context.Refusing(step, "NOT_TODAY");

        (await RunAsync()).ShouldBe("Failed");

        _context.Calls.Skip(steps).ShouldBe(["RefundPoints", "ReleaseSeats", "FailPayment"]);
        _context.Inputs[^1].ShouldBe(new PaymentEnd(_order, "NOT_TODAY"));
    }

    [Theory]
    [InlineData("CheckReservation", 1)]
    [InlineData("UsePoints", 2)]
    [InlineData("ConfirmSeats", 3)]
    public async Task A_step_that_breaks_is_undone_too_for_it_may_have_had_its_effect(string step, int steps)
    {
        _context.Breaking(step);

        (await RunAsync()).ShouldBe("Failed");

        _context.Calls.Skip(steps).ShouldBe(["RefundPoints", "ReleaseSeats", "FailPayment"]);
        _context.Inputs[^1].ShouldBe(new PaymentEnd(_order, "STEP_FAILED"));
    }

    [Theory]
    [InlineData("RefundPoints")]
    [InlineData("ReleaseSeats")]
    public async Task A_compensation_that_cannot_finish_is_made_visible_and_never_called_a_failure(string compensation)
    {
        _context.Refusing("ConfirmSeats", "SEATS_LOST").Breaking(compensation);

        (await RunAsync()).ShouldBe("CompensationStuck");

        _context.Calls[^1].ShouldBe("MarkStuck");
        _context.Inputs[^1].ShouldBe(new PaymentEnd(_order, "SEATS_LOST"));
        _context.Calls.ShouldNotContain("FailPayment");
    }

    [Fact]
    public async Task Once_the_seats_are_confirmed_the_saga_only_goes_forward()
    {
        _context.Breaking("CompletePayment");

        await Should.ThrowAsync<Dapr.Workflow.WorkflowTaskFailedException>(RunAsync);

        _context.Calls.ShouldBe(["CheckReservation", "UsePoints", "ConfirmSeats", "CompletePayment"]);
    }

    private Task<string> RunAsync() => new PaymentWorkflow().RunAsync(_context, _order);
}
