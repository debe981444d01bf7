"""An emulator of AWS, asked itself with boto3: what it has of ours. Its address and keys are those of scripts/peers/moto.sh."""
import os

REGION = "us-east-1"


class MotoPeer:
    def __init__(self, endpoint):
        import boto3

        self.secret = {"access_key_id": os.environ["CLOUDAPI_TEST_MOTO_KEY"], "secret_access_key": os.environ["CLOUDAPI_TEST_MOTO_SECRET"]}
        self.settings = {"region": REGION, "endpoint": endpoint}
        self.ec2, self.s3 = (boto3.client(
            service, endpoint_url=endpoint, region_name=REGION, aws_access_key_id=self.secret["access_key_id"],
            aws_secret_access_key=self.secret["secret_access_key"]) for service in ("ec2", "s3"))

    @staticmethod
    def tagged(resource):
        return [{"Name": "tag:cloudapi.resource", "Values": [resource]}]

    def instances(self, resource):
        """What is not terminated."""
        pages = self.ec2.get_paginator("describe_instances").paginate(Filters=self.tagged(resource))
        every = [instance for page in pages for reservation in page["Reservations"] for instance in reservation["Instances"]]
        return [instance for instance in every if instance["State"]["Name"] != "terminated"]

    def volumes(self, resource):
        return self.ec2.describe_volumes(Filters=self.tagged(resource))["Volumes"]

    def parts(self, resource):
        """How many VPCs, subnets and gateways make up a network."""
        filters = self.tagged(resource)
        return (len(self.ec2.describe_vpcs(Filters=filters)["Vpcs"]), len(self.ec2.describe_subnets(Filters=filters)["Subnets"]),
                len(self.ec2.describe_internet_gateways(Filters=filters)["InternetGateways"]))

    def snapshots(self, resource):
        return self.ec2.describe_snapshots(Filters=self.tagged(resource))["Snapshots"]

    def addresses(self, resource):
        return self.ec2.describe_addresses(Filters=self.tagged(resource))["Addresses"]

    def groups(self, resource):
        """A firewall's security groups: the one it is known by, and those in other VPCs."""
        groups = self.ec2.describe_security_groups(Filters=self.tagged(resource))["SecurityGroups"]
        return sorted(groups, key=lambda group: group["GroupName"].endswith(group["VpcId"]))

    def objects(self, resource):
        """How many objects of one of our resources there are; a network that is not all there, or not all gone, is its parts as a text."""
        kind = resource.split("_")[0]
        if kind == "net":
            parts = self.parts(resource)
            return {(0, 0, 0): 0, (1, 1, 1): 1, (1, 1, 0): 1}.get(parts, f"{parts} VPCs, subnets and gateways")
        return len({"inst": self.instances, "vol": self.volumes, "ip": self.addresses, "fw": self.groups, "snap": self.snapshots}[kind](resource))

    def is_attached(self, resource, instance):
        """Whether an instance has that volume or address."""
        holders = [entry["InstanceId"] for volume in self.volumes(resource) for entry in volume["Attachments"]]
        holders += [address["InstanceId"] for address in self.addresses(resource) if address.get("InstanceId")]
        return holders == [found["InstanceId"] for found in self.instances(instance)]

    def tags(self, reference):
        """Of an object of EC2, or of a bucket."""
        if "-" in reference and reference.split("-")[0] in ("i", "vol", "vpc", "eipalloc", "sg", "snap"):
            found = self.ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [reference]}])["Tags"]
            return {tag["Key"]: tag["Value"] for tag in found}
        try:
            return {tag["Key"]: tag["Value"] for tag in self.s3.get_bucket_tagging(Bucket=reference)["TagSet"]}
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchTagSet":
                raise
            return {}

    def left(self):
        """Everything that carries our tags."""
        filters = [{"Name": "tag-key", "Values": ["cloudapi.installation"]}]
        pages = self.ec2.get_paginator("describe_instances").paginate(Filters=filters)
        every = [instance for page in pages for reservation in page["Reservations"] for instance in reservation["Instances"]]
        return ([instance["InstanceId"] for instance in every if instance["State"]["Name"] != "terminated"]
                + [volume["VolumeId"] for volume in self.ec2.describe_volumes(Filters=filters)["Volumes"]]
                + [vpc["VpcId"] for vpc in self.ec2.describe_vpcs(Filters=filters)["Vpcs"]]
                + [address["AllocationId"] for address in self.ec2.describe_addresses(Filters=filters)["Addresses"]]
                + [group["GroupId"] for group in self.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]]
                + [snapshot["SnapshotId"] for snapshot in self.ec2.describe_snapshots(Filters=filters)["Snapshots"]]
                + [subnet["SubnetId"] for subnet in self.ec2.describe_subnets(Filters=filters)["Subnets"]]
                + [gateway["InternetGatewayId"] for gateway in self.ec2.describe_internet_gateways(Filters=filters)["InternetGateways"]])
