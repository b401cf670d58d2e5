using ConcertDapr.Wire.Runtime;
using ConcertDapr.Wire.Workflows;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace ConcertDapr.Tests;

/// <summary>Our field numbers give the bytes that Dapr 1.18 sends and expects (observed on a running daprd).</summary>
public sealed class MessageBytesTests
{
    private static readonly TaskRouter s_router = new() { SourceAppId = "goldens" };

    public static TheoryData<string, IMessage> Messages => new()
    {
        {
            "CgpzdGF0ZXN0b3JlEiAKAmsxEgd7Im4iOjN9GgMKATIiBgoBYRIBYioECAEQAg==",
            new SaveStateRequest
            {
                StoreName = "statestore",
                States =
                {
                    new StateItem
                    {
                        Key = "k1", Value = ByteString.CopyFromUtf8("{\"n\":3}"), Etag = new() { Value = "2" }, Metadata = { ["a"] = "b" },
                        Options = new()
                        {
                            Concurrency = StateOptions.Types.StateConcurrency.ConcurrencyFirstWrite,
                            Consistency = StateOptions.Types.StateConsistency.ConsistencyStrong,
                        },
                    },
                },
            }
        },
        { "Cgd7Im4iOjF9EgEx", new GetStateResponse { Data = ByteString.CopyFromUtf8("{\"n\":1}"), Etag = "1" } },
        { "CgpzdGF0ZXN0b3JlEgJrMRoDCgEx", new DeleteStateRequest { StoreName = "statestore", Key = "k1", Etag = new() { Value = "1" } } },
        {
            "CgZwdWJzdWISAnRiGhQKATISA3R3bxoKdGV4dC9wbGFpbg==",
            new BulkPublishRequest
            {
                PubsubName = "pubsub", Topic = "tb",
                Entries = { new BulkPublishEntry { EntryId = "2", Event = ByteString.CopyFromUtf8("two"), ContentType = "text/plain" } },
            }
        },
        { "CAI=", new UnlockResponse { Status = UnlockResponse.Types.Status.LockBelongsToOthers } },
        {
            "CpcBCgpiYXNpYy1ub25lIhoI////////////ARILCMPrhdgGEJrIgiNyACJtCP///////////wESCwjD64XYBhDV1Pgf8gEJCgdnb2xkZW5zGkcKBE5vbmU"
            + "aCQoHeyJhIjoxfSI0CgpiYXNpYy1ub25lEiYKJDVjYjc5OGQzLTBhMzMtNDI3Yy05YzZjLWEyZjMwYzhhMTg1NQ==",
            new WorkItem
            {
                WorkflowRequest = new()
                {
                    InstanceId = "basic-none",
                    NewEvents =
                    {
                        new HistoryEvent { EventId = -1, Timestamp = At(1795257795, 73442330), WorkflowStarted = new() },
                        new HistoryEvent
                        {
                            EventId = -1, Timestamp = At(1795257795, 66988629), Router = s_router,
                            ExecutionStarted = new()
                            {
                                Name = "None", Input = "{\"a\":1}",
                                WorkflowInstance = new() { InstanceId = "basic-none", ExecutionId = "5cb798d3-0a33-427c-9c6c-a2f30c8a1855" },
                            },
                        },
                    },
                },
            }
        },
        {
            "EigKBUhlbGxvGgkKByJXb3JsZCIiCwoJYmFzaWMtb25lOgd0ZXhlYy0w",
            new WorkItem
            {
                ActivityRequest = new()
                {
                    Name = "Hello", Input = "\"World\"", WorkflowInstance = new() { InstanceId = "basic-one" }, TaskExecutionId = "texec-0",
                },
            }
        },
        {
            "CgliYXNpYy1vbmUSFTITCAESDwoNIkhlbGxvIFdvcmxkIg==",
            new WorkflowResponse
            {
                InstanceId = "basic-one",
                Actions = { new WorkflowAction { CompleteWorkflow = new() { WorkflowStatus = OrchestrationStatus.Completed, Result = "\"Hello World\"" } } },
            }
        },
        {
            "CgFpEAIiFwoBWBIEZGVlcBoAIggKAVkSA2VuZCgB",
            new ActivityResponse
            {
                InstanceId = "i", TaskId = 2,
                FailureDetails = new()
                {
                    ErrorType = "X", ErrorMessage = "deep", StackTrace = "", IsNonRetriable = true,
                    InnerFailure = new() { ErrorType = "Y", ErrorMessage = "end" },
                },
            }
        },
        {
            "CiwSDAjG64XYBhDTocWpAfIBCQoHZ29sZGVuc2IQCgwIx+uF2AYQgJ6/pwEiAAolEgwIx+uF2AYQtOTe"
            + "qQHyAQkKB2dvbGRlbnMiCQgBEgUKAyJ0Ig==",
            new GetInstanceHistoryResponse
            {
                Events =
                {
                    new HistoryEvent
                    {
                        Timestamp = At(1795257798, 355553491), Router = s_router,
                        TimerCreated = new() { FireAt = At(1795257799, 351260416), CreateTimer = new() },
                    },
                    new HistoryEvent
                    {
                        Timestamp = At(1795257799, 355971636), Router = s_router,
                        ExecutionCompleted = new() { WorkflowStatus = OrchestrationStatus.Completed, Result = "\"t\"" },
                    },
                },
            }
        },
        {
            "CAESJgoIY2wtc2NoZWQgBjILCICSuMOY/v///wE6CwiAkrjDmP7///8B",
            new GetInstanceResponse
            {
                Exists = true,
                WorkflowState = new()
                {
                    InstanceId = "cl-sched", WorkflowStatus = OrchestrationStatus.Pending,
                    CreatedTimestamp = At(-62135596800, 0), LastUpdatedTimestamp = At(-62135596800, 0),
                },
            }
        },
        { "CgliYXNpYy1ldnQSB0FwcHJvdmUaDQoLeyJvayI6dHJ1ZX0=", new RaiseEventRequest { InstanceId = "basic-evt", Name = "Approve", Input = "{\"ok\":true}" } },
        { "CgliYXNpYy10ZXISBwoFImJ5ZSIYAQ==", new TerminateRequest { InstanceId = "basic-ter", Output = "\"bye\"", Recursive = true } },
        { "CgZjbC1wdXIYAQ==", new PurgeInstancesRequest { InstanceId = "cl-pur", Recursive = true } },
        { "EAM=", new ListInstanceIDsRequest { PageSize = 3 } },
        { "CgVjbC1ychABGgljbC1yci1uZXc=", new RerunWorkflowFromEventRequest { SourceInstanceId = "cl-rr", EventId = 1, NewInstanceId = "cl-rr-new" } },
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public void Messages_have_the_bytes_of_the_wire(string base64, IMessage message)
    {
        // Go writes the members of a oneof last, C# by number: the same length and meaning in another order.
        message.ToByteArray().Length.ShouldBe(Convert.FromBase64String(base64).Length);
        message.Descriptor.Parser.ParseFrom(Convert.FromBase64String(base64)).ShouldBe(message);
    }

    [Theory]
    [InlineData("CgpzdGF0ZXN0b3JlEgVleGFjdA==")]
    [InlineData("EgVleGFjdAoKc3RhdGVzdG9yZQ==")] // reverse order
    [InlineData("EgVvdGhlcgoKc3RhdGVzdG9yZRIFZXhhY3Q=")] // a field twice: the last counts
    [InlineData("CoqAAHN0YXRlc3RvcmUSBWV4YWN0")] // a length in more bytes than needed
    [InlineData("wD4BwT4AAAAAAAAAAAoKc3RhdGVzdG9yZRIFZXhhY3Q=")] // unknown fields
    public void Unusual_encodings_mean_the_same(string base64)
    {
        var request = GetStateRequest.Parser.ParseFrom(Convert.FromBase64String(base64));
        (request.StoreName, request.Key).ShouldBe(("statestore", "exact"));
    }

    [Fact]
    public void Absent_and_empty_texts_of_a_wrapper_differ()
    {
        new ActivityResponse { Result = "" }.ToByteArray().ShouldBe([0x1a, 0]);
        ActivityResponse.Parser.ParseFrom([0x1a, 0]).Result.ShouldBe("");
        ActivityResponse.Parser.ParseFrom([]).Result.ShouldBeNull();
    }

    private static Timestamp At(long seconds, int nanos) => new() { Seconds = seconds, Nanos = nanos };
}
