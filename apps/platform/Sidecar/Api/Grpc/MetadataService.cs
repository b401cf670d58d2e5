using ConcertDapr.Sidecar.Components;
using ConcertDapr.Sidecar.Delivery;
using ConcertDapr.Wire;
using ConcertDapr.Wire.Runtime;
using Google.Protobuf.WellKnownTypes;
using static ConcertDapr.Sidecar.Api.Grpc.DaprService;

namespace ConcertDapr.Sidecar.Api.Grpc;

/// <summary>GetMetadata and SetMetadata.</summary>
internal static class MetadataService
{
    public static GrpcServer AddMetadata(this GrpcServer server, SidecarRuntime runtime) => server
        .Unary(Path("GetMetadata"), GetMetadataRequest.Parser, (_, _) => Task.FromResult(Describe(runtime)))
        .Unary(Path("SetMetadata"), SetMetadataRequest.Parser, (request, _) =>
        {
            runtime.Metadata.Set(request.Key, request.Value);
            return Task.FromResult(new Empty());
        });

    private static GetMetadataResponse Describe(SidecarRuntime runtime)
    {
        var metadata = runtime.Metadata;
        var answer = new GetMetadataResponse
        {
            Id = runtime.AppId,
            RuntimeVersion = MetadataApi.RuntimeVersion,
            AppConnectionProperties = Describe(runtime.Options),
            ActorRuntime = DescribeActors(runtime),
            Workflows = new() { ConnectedWorkers = metadata.ConnectedWorkers() },
        };
        if (runtime.Actors.SchedulerAddress is { } scheduler)
            answer.Scheduler = new() { ConnectedAddresses = { scheduler } };
        answer.ActiveActorsCount.Add(answer.ActorRuntime.ActiveActors);
        answer.RegisteredComponents.Add(metadata.Components.Select(Describe));
        answer.ExtendedMetadata.Add(metadata.Extended.ToDictionary());
        answer.Subscriptions.Add(metadata.Subscriptions.Select(Describe));
        answer.EnabledFeatures.Add(MetadataApi.EnabledFeatures);
        answer.Resiliencies.Add(runtime.Resiliency.Names.Select(name => new MetadataResource { Name = name }));
        return answer;
    }

    private static ActorRuntime DescribeActors(SidecarRuntime runtime)
    {
        // The engine's workflow actors run here even when the app hosts none.
        var (status, ready) = runtime.Actors.Status is { Text: "DISABLED" } && runtime.Workflows is not null ? ("RUNNING", true) : runtime.Actors.Status;
        var answer = new ActorRuntime
        {
            RuntimeStatus = System.Enum.Parse<ActorRuntime.Types.ActorRuntimeStatus>(status, ignoreCase: true),
            HostReady = ready,
            Placement = status == "INITIALIZING" ? "" : ready ? "placement: connected" : "placement: disconnected",
        };
        answer.ActiveActors.Add((runtime.Workflows?.ActorTypes ?? []).Select(type => new ActiveActorsCount { Type = type }));
        answer.ActiveActors.Add(runtime.Actors.ActiveActors.Select(a => new ActiveActorsCount { Type = a.Type, Count = a.Count }));
        return answer;
    }

    private static AppConnectionProperties Describe(SidecarOptions options)
    {
        var answer = new AppConnectionProperties
        {
            Port = options.AppPort ?? 0,
            Protocol = options.AppProtocol,
            ChannelAddress = options.AppChannelAddress,
            MaxConcurrency = Math.Max(0, options.AppMaxConcurrency),
        };
        if (options.AppHealthCheck is { } health)
            answer.Health = new()
            {
                HealthCheckPath = health.Path,
                HealthProbeInterval = DurationText.ToGo(health.Interval),
                HealthProbeTimeout = DurationText.ToGo(health.Timeout),
                HealthThreshold = health.Threshold,
            };
        return answer;
    }

    private static RegisteredComponents Describe(ComponentInfo component) => new()
    {
        Name = component.Name,
        Type = component.Type,
        Version = component.Version,
        Capabilities = { component.Capabilities },
    };

    private static PubsubSubscription Describe(Subscription subscription)
    {
        var answer = new PubsubSubscription
        {
            PubsubName = subscription.PubSub,
            Topic = subscription.Topic,
            DeadLetterTopic = subscription.DeadLetterTopic ?? "",
            Type = System.Enum.Parse<PubsubSubscriptionType>(subscription.Kind, ignoreCase: true),
            Rules = new() { Rules = { subscription.Rules.Select(r => new PubsubSubscriptionRule { Match = r.Match?.Source ?? "", Path = r.Path }) } },
        };
        answer.Metadata.Add(subscription.Metadata.ToDictionary());
        return answer;
    }
}
